# 4:67: error SF508: unknown field 'lenght', did you mean 'length'?
meta: {id: mine, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: [magic.. lenght, body]}
seq:
  - {id: magic, contents: SYNC}
  - {id: length, type: u1}
  - {id: body, size: length}
  - {id: crc, type: u2}
