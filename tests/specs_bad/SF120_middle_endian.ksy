# 2:35: error SF120: expected `le`, `be` or a map with `switch-on` and `cases`, got middle
meta: {id: middle_endian, endian: middle}
