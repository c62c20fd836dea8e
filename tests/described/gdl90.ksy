# GDL 90 Data Interface Specification (560-1058-00), 2.2: flags, 7d escapes, message id, a CRC-CCITT.
# Its CRC shifts each byte in from below: that of all but the last two bytes, those two added to it.
meta: {id: gdl90, endian: le}
-sigflow-stream:
  framing: {delimiter: 0x7e, stuffing: {escape: 0x7d, xor: 0x20}}
  checksum: {field: {expr: "fcs ^ (last[0] << 8 | last[1])"}, algorithm: CRC-16/XMODEM, over: id..data}
  max-frame: 1024
  kind: id
seq:
  - {id: id, type: u1}
  - {id: data, size: _io.size - 5}
  - {id: last, type: u1, repeat: expr, repeat-expr: 2}
  - {id: fcs, type: u2}
