# 4:31: error SF122: `repeat: expr` needs `repeat-expr`
meta: {id: repeat_without_expr}
seq:
  - {id: a, type: u1, repeat: expr}
