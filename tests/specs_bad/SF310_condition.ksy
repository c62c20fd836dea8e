# 5:26: error SF310: expected a boolean, got integer
meta: {id: condition_type}
seq:
  - {id: a, type: u1}
  - {id: b, size: 1, if: a}
