# IEEE 1815 (DNP3), 9.2: link frames, a header and blocks of up to 16 bytes of user data, each with a CRC of its own.
meta: {id: dnp3, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/DNP, over: start..source}
seq:
  - {id: start, contents: [0x05, 0x64]}
  - {id: length, type: u1, valid: {min: 5}}
  - {id: control, type: u1}
  - {id: destination, type: u2}
  - {id: source, type: u2}
  - {id: crc, type: u2}
  - {id: blocks, type: "block(_index < len_data / 16 ? 16 : len_data % 16)", repeat: expr, repeat-expr: (len_data + 15) / 16}
instances:
  len_data: {value: length - 5}
types:
  block:
    -sigflow-checksum: {field: crc, algorithm: CRC-16/DNP, over: data}
    params: [{id: len_block, type: u1}]
    seq: [{id: data, size: len_block}, {id: crc, type: u2}]
