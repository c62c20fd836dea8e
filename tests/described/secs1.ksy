# SEMI E4 (SECS-I), 7 and 8: blocks of a length, a header of ten bytes, text, a sum of 16 bits; ENQ, EOT, ACK between.
meta: {id: secs1, endian: be, bit-endian: be}
-sigflow-stream:
  checksum: {field: sum, algorithm: {sum: 16}, over: reverse..text}
  idle: [0x05, 0x04, 0x06]
seq:
  - {id: length, type: u1, valid: {min: 10, max: 254}}
  - {id: reverse, type: b1}
  - {id: device, type: b15}
  - {id: wait, type: b1}
  - {id: stream, type: b7}
  - {id: function, type: u1}
  - {id: last, type: b1}
  - {id: block, type: b15}
  - {id: system, type: u4}
  - {id: text, size: length - 10}
  - {id: sum, type: u2}
