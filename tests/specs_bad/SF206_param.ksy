# 6:30: error SF206: an enum needs an integer type, 'a' is string
# 7:19: error SF206: an enum needs an integer type, 'b' is bytes
# 8:33: error SF206: an enum needs an integer type, 'c' is a list of integer
meta: {id: param}
params:
  - {id: a, type: str, enum: kind}
  - {id: b, enum: kind}
  - {id: c, type: 'u1[]', enum: kind}
  - {id: d, type: u1, enum: kind}
enums:
  kind: {1: one}
