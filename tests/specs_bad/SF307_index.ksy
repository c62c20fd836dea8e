# 6:17: error SF307: an index is an integer, got string
meta: {id: index}
seq:
  - {id: a, size: 3}
instances:
  b: {value: 'a["x"]'}
