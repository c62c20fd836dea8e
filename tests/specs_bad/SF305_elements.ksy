# 6:15: error SF305: integer has no elements
meta: {id: elements}
seq:
  - {id: a, type: u1}
instances:
  b: {value: 'a[0]'}
