# A checksum that covers one byte which is not on the wire, and a condition behind the payload.
meta: {id: mavlink_like, endian: le}
-sigflow-stream:
  checksum:
    field: checksum
    algorithm: CRC-16/MCRF4XX
    over: [len..payload, {expr: extra}]
  sequence: {field: seq, per: system << 8 | component}
seq:
  - {id: magic, contents: [0xfd]}
  - {id: len, type: u1}
  - {id: flags, type: u1, valid: {max: 1}}
  - {id: seq, type: u1}
  - {id: system, type: u1}
  - {id: component, type: u1}
  - {id: kind, type: u2}
  - {id: payload, size: len}
  - {id: checksum, type: u2}
  - {id: signature, size: 3, if: flags == 1}
instances:
  extra: {value: 'kind == 0 ? 50 : 124'}
