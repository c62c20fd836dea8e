# 5:39: error SF205: unknown enum 'colors', did you mean 'color'?
meta: {id: enum_in_an_expression}
seq:
  - {id: color, type: u1, enum: color}
  - {id: body, size: 1, if: 'color == colors::red'}
enums:
  color: {0: red}
