# 5:12: error SF310: expected an integer, got float
# 6:11: error SF310: expected a stream, got integer
meta: {id: position_types}
instances:
  a: {pos: 1.5, type: u1}
  b: {io: 3, pos: 0, type: u1}
