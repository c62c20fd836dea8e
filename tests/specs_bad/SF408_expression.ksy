# 5:37: warning SF408: the check of 'a' is false for every value
# 6:43: warning SF408: 'b' is 0 to 255, never 256
meta: {id: never_true}
seq:
  - {id: a, type: u1, valid: {expr: 1 > 2}}
  - {id: b, type: u1, enum: color, valid: color::blue}
enums:
  color: {0: red, 256: blue}
