# 2:7: error SF117: no `meta/id` in the top-level type
meta: {endian: le}
seq:
  - {id: a, type: u2}
