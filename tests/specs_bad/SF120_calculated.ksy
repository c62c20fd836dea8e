# 7:15: error SF120: expected `le` or `be`, got little
meta:
  id: calculated
  endian:
    switch-on: mark
    cases:
      0x4949: little
seq:
  - {id: mark, type: u2be}
