# 4:19: error SF311: type 'number_of_arguments::item' takes 2 arguments, got 1
meta: {id: number_of_arguments}
seq:
  - {id: a, type: item(1)}
types:
  item:
    params: [{id: x, type: u1}, {id: y, type: u1}]
    seq: [{id: b, size: x + y}]
