# 2:1: error SF117: no `meta/id` in the top-level type
seq:
  - {id: a, type: u1}
