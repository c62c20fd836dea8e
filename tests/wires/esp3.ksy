# EnOcean Serial Protocol 3: header with a CRC-8 of its own, data and optional data with another.
meta: {id: esp3, endian: be}
-sigflow-stream:
  checksum:
    - {field: crc_header, algorithm: CRC-8/SMBUS, over: len_data..type}
    - {field: crc_data, algorithm: CRC-8/SMBUS, over: [data, optional]}
  max-frame: 2048
seq:
  - {id: sync, contents: [0x55]}
  - {id: len_data, type: u2}
  - {id: len_optional, type: u1}
  - {id: type, type: u1}
  - {id: crc_header, type: u1}
  - {id: data, size: len_data}
  - {id: optional, size: len_optional}
  - {id: crc_data, type: u1}
