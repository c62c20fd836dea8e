# RTCM 10403.3, 4 (transport layer): preamble, ten bits of length, the message, CRC-24Q over all.
meta: {id: rtcm3, endian: be, bit-endian: be}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-24Q, over: preamble..body}
  kind: body.number
seq:
  - {id: preamble, contents: [0xd3]}
  - {id: reserved, type: b6, valid: 0}
  - {id: len_body, type: b10, valid: {min: 2}}
  - {id: body, type: message, size: len_body}
  - {id: crc, type: b24}
types:
  message: {seq: [{id: number, type: b12}, {id: rest, type: b4}, {id: data, size-eos: true}]}
