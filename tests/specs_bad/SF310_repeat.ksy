# 5:51: error SF310: expected an integer, got string
# 6:52: error SF310: expected a boolean, got integer
meta: {id: repeat_types}
seq:
  - {id: a, type: u1, repeat: expr, repeat-expr: '"3"'}
  - {id: b, type: u1, repeat: until, repeat-until: _ + 1}
