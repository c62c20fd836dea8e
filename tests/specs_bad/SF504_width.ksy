# 4:21: error SF504: a checksum of 32 bits does not fit into 'b', which has 16
meta: {id: width, endian: le}
-sigflow-stream:
  checksum: {field: b, algorithm: CRC-32/ISO-HDLC, over: a}
seq:
  - {id: a, contents: SYNC}
  - {id: b, type: u2}
