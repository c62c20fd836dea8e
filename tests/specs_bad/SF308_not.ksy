# 6:18: error SF308: 'not' takes a boolean, got integer
meta: {id: not_of_a_number}
seq:
  - {id: a, type: u1}
instances:
  c: {value: not a}
