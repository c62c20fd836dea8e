# 5:19: error SF310: expected an integer, got float
meta: {id: size_type}
seq:
  - {id: a, type: u1}
  - {id: b, size: a / 2.0}
