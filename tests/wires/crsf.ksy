# TBS CRSF: address, length behind it, type, payload, CRC-8 over type and payload.
meta: {id: crsf, endian: be}
-sigflow-stream:
  max-frame: 64
  checksum: {field: crc, algorithm: CRC-8/DVB-S2, over: [type..payload]}
seq:
  - {id: address, type: u1, valid: {any-of: [0xc8, 0xea, 0xec, 0xee]}}
  - {id: length, type: u1, valid: {min: 2, max: 62}}
  - {id: type, type: u1}
  - {id: payload, size: length - 2}
  - {id: crc, type: u1}
