# 4:30: error SF126: expected one of eq, min, max, any-of, in-enum, expr
meta: {id: no_form}
seq:
  - {id: a, type: u1, valid: {}}
