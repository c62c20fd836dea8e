# 4:19: error SF402: a bit field has 1 to 64 bits, got 65
meta: {id: bits}
seq:
  - {id: a, type: b65}
