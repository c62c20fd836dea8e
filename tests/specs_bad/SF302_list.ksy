# 4:19: error SF302: 'u1[]' is a list; use `repeat`
meta: {id: list_of_numbers}
seq:
  - {id: a, type: 'u1[]'}
