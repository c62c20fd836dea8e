# 4:53: error SF127: only `true` is a value of `in-enum`, got false
meta: {id: in_enum}
seq:
  - {id: a, type: u1, enum: color, valid: {in-enum: false}}
enums:
  color: {0: red}
