# 4:26: error SF301: not an expression: expected ')', got the end
meta: {id: the_end}
seq:
  - {id: a, size: '(1 + 2'}
