# 5:10: error SF112: expected an expression, got null
meta: {id: expression_is_null}
seq:
  - id: a
    size:
