# 5:28: error SF301: not an expression: unexpected '=', did you mean '=='?
meta: {id: one_equals_sign}
seq:
  - {id: a, type: u1}
  - {id: b, size: 1, if: a = 1}
