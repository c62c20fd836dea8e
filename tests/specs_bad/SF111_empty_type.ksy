# 6:5: error SF111: a type is a map, got null
meta: {id: empty_type}
seq:
  - {id: a, type: b}
types:
  b:
