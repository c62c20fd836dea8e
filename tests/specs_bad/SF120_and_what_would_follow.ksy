# 2:49: error SF120: expected `le`, `be` or a map with `switch-on` and `cases`, got little
meta: {id: order_and_what_would_follow, endian: little}
seq:
  - {id: a, type: u2}
