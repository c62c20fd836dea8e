# 8:18: error SF405: the size of type 'body' is not fixed
# 9:16: error SF405: the size of 'a' is not fixed
meta: {id: not_fixed}
seq:
  - {id: len, type: u1}
  - {id: a, type: body}
instances:
  b: {value: 2 + sizeof<body>}
  c: {value: a._sizeof}
types:
  body:
    seq: [{id: rest, terminator: 0}]
