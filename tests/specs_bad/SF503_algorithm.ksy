# 4:35: error SF503: unknown checksum 'CRC-32/ISO-HLDC', did you mean 'CRC-32/ISO-HDLC'?
meta: {id: algorithm, endian: le}
-sigflow-stream:
  checksum: {field: b, algorithm: CRC-32/ISO-HLDC, over: a}
seq:
  - {id: a, contents: SYNC}
  - {id: b, type: u4}
