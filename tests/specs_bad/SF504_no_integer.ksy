# 4:21: error SF504: a checksum cannot stand in 'b': it is neither an integer, nor `size: 1` to `8` bytes, nor text with `encoding: hex`
meta: {id: no_integer, endian: le}
-sigflow-stream:
  checksum: {field: b, algorithm: CRC-32/ISO-HDLC, over: a}
seq:
  - {id: a, contents: SYNC}
  - {id: b, type: f4}
