# No marker: a length, bytes, CRC-16/MODBUS; free parameters of a CRC besides.
meta: {id: modbus_length, endian: le}
-sigflow-stream:
  checksum:
    - {field: crc, algorithm: CRC-16/MODBUS, over: length..body}
    - field: check
      algorithm: {width: 8, poly: 0x31, init: 0xff}
      over: [body, crc]
seq:
  - {id: length, type: u1}
  - {id: body, size: length}
  - {id: crc, type: u2}
  - {id: check, type: u1}
