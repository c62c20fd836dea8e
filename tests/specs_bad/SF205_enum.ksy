# 4:33: error SF205: unknown enum 'colour', did you mean 'color'?
meta: {id: unknown_enum}
seq:
  - {id: color, type: u1, enum: colour}
enums:
  color: {0: red}
