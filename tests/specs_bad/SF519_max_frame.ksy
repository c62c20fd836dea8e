# 4:14: error SF519: max-frame is 70000, with `checksum.expr` or `decode` it is at most 65536
meta: {id: max_frame_of_expr, endian: be}
-sigflow-stream:
  max-frame: 70000
  checksum: {field: sum, expr: a + b & 0xff}
seq:
  - {id: magic, contents: SYNC}
  - {id: a, type: u1}
  - {id: b, type: u1}
  - {id: sum, type: u1}
