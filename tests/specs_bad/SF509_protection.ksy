# 4:58: warning SF509: no checksum protects the bytes of len_body: damage there can go unseen
meta: {id: protection, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: body}
seq:
  - {id: magic, contents: SYNC}
  - {id: len_body, type: u1}
  - {id: body, size: len_body}
  - {id: crc, type: u2}
