# 5:45: error SF207: enum 'color' has no member 'gren', did you mean 'green'?
meta: {id: unknown_member}
seq:
  - {id: color, type: u1, enum: color}
  - {id: body, size: 1, if: color == color::gren}
enums:
  color: {0: red, 1: green}
