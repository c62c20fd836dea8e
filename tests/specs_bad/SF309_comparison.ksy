# 5:26: error SF309: integer can't be compared with string
meta: {id: comparison}
seq:
  - {id: a, type: u1}
  - {id: b, size: 1, if: a == "x"}
