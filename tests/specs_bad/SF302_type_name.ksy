# 4:23: error SF302: not a type name: expected the end of the type, got 'u2'
meta: {id: type_name}
seq:
  - {id: a, type: 'u1 u2'}
