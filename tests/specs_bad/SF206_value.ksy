# 4:29: error SF206: an enum needs an integer, 'color' is float
meta: {id: enum_of_a_value}
instances:
  color: {value: 1.5, enum: color}
enums:
  color: {0: red}
