# 4:44: error SF309: integer can't be compared with string
meta: {id: valid_type}
seq:
  - {id: a, type: u1, valid: {any-of: [1, '"b"']}}
