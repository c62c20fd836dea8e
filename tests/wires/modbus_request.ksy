# MODBUS RTU (Application Protocol 1.1b3, Serial Line 1.02): a request to read registers or coils.
meta: {id: modbus_request, endian: be}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: address..count}
seq:
  - {id: address, type: u1, valid: {min: 1, max: 247}}
  - {id: function, type: u1, valid: {min: 1, max: 4}}
  - {id: first, type: u2}
  - {id: count, type: u2, valid: {min: 1, max: 2000}}
  - {id: crc, type: u2le}
