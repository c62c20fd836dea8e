# 3:1: note SF513: not every frame has a checksum: where 'crc' is absent, a frame is confirmed by a chain of 8 headers
meta: {id: optional, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: magic..kind, if: kind != 1}
seq:
  - {id: magic, contents: SYNC}
  - {id: kind, type: u1}
  - {id: crc, type: u2}
