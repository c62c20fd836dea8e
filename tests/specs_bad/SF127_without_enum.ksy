# 4:40: error SF127: `in-enum` needs the key `enum`
meta: {id: without_enum}
seq:
  - {id: a, type: u1, valid: {in-enum: true}}
