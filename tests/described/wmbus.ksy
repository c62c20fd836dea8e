# EN 13757-4 (wireless M-Bus), frame format A: a block of ten bytes, blocks of up to 16, each with a CRC-16/EN-13757.
meta: {id: wmbus, endian: be}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/EN-13757, over: length..address}
seq:
  - {id: length, type: u1, valid: {min: 9}}
  - {id: control, type: u1}
  - {id: manufacturer, type: u2le}
  - {id: address, size: 6}
  - {id: crc, type: u2}
  - {id: blocks, type: "block(_index < len_data / 16 ? 16 : len_data % 16)", repeat: expr, repeat-expr: (len_data + 15) / 16}
instances:
  len_data: {value: length - 9}
types:
  block:
    -sigflow-checksum: {field: crc, algorithm: CRC-16/EN-13757, over: data}
    params: [{id: len_block, type: u1}]
    seq: [{id: data, size: len_block}, {id: crc, type: u2}]
