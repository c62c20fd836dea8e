# 9:7: error SF502: `expr` stands instead of an algorithm: there is no `over` beside it
# 10:14: error SF502: without `field`, `expr` is `EXPR == FIELD`
# 11:14: error SF502: without `field`, `expr` is `EXPR == FIELD`
# 12:7: error SF502: with `expr`, the field is one of the frame
# 13:15: error SF504: a checksum of 8 bits does not fit into 'narrow': it has 3 bits, which are no whole bytes
meta: {id: checksum_expr, endian: be}
-sigflow-stream:
  checksum:
    - {field: sum, expr: a + b & 0xff, over: a}
    - {expr: a + b}
    - {expr: a + b > sum}
    - {field: {expr: a}, expr: a}
    - {field: narrow, expr: a & 1}
seq:
  - {id: magic, contents: SYNC}
  - {id: a, type: u1}
  - {id: b, type: u1}
  - {id: sum, type: u1}
  - {id: narrow, type: b3}
  - {id: rest, type: b5}
