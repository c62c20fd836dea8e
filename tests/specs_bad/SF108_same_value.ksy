# 4:18: error SF108: the value 1 is given twice
meta: {id: same_value}
enums:
  kind: {1: one, 0x1: also_one, '2': two}
