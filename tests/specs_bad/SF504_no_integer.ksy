# 4:21: error SF504: a checksum stands in an integer, or in text with `encoding: hex`; 'b' is neither
meta: {id: no_integer, endian: le}
-sigflow-stream:
  checksum: {field: b, algorithm: CRC-32/ISO-HDLC, over: a}
seq:
  - {id: a, contents: SYNC}
  - {id: b, size: 4}
