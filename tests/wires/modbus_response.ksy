# MODBUS RTU (Application Protocol 1.1b3, Serial Line 1.02): the answer to such a request.
meta: {id: modbus_response, endian: be}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: address..values}
seq:
  - {id: address, type: u1, valid: {min: 1, max: 247}}
  - {id: function, type: u1, valid: {min: 1, max: 4}}
  - {id: len_values, type: u1, valid: {min: 1, max: 250}}
  - {id: values, size: len_values}
  - {id: crc, type: u2le}
