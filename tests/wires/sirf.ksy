# SiRF binary protocol: 15 bits of length, and the sum of the payload's bytes in 15 bits.
meta: {id: sirf, endian: be}
-sigflow-stream:
  checksum: {field: checksum, algorithm: {sum: 16, mask: 0x7fff}, over: payload}
seq:
  - {id: start, contents: [0xa0, 0xa2]}
  - {id: len_payload, type: u2, valid: {max: 1023}}
  - {id: payload, size: len_payload}
  - {id: checksum, type: u2}
  - {id: end, contents: [0xb0, 0xb3]}
