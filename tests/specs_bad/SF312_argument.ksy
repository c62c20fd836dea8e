# 4:28: error SF312: argument 2, 'y', is integer, got string
meta: {id: type_of_an_argument}
seq:
  - {id: a, type: 'item(1, "b")'}
types:
  item:
    params: [{id: x, type: u1}, {id: y, type: u1}]
    seq: [{id: b, size: x + y}]
