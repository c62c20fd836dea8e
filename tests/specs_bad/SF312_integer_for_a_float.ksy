# 5:24: error SF312: argument 1, 'x', is float, got integer
# 7:24: error SF312: argument 1, 'x', is type 'body', got structure
meta: {id: integer_for_a_float}
seq:
  - {id: a, type: body(1)}
  - {id: b, type: body(1.0)}
  - {id: c, type: held(_parent)}
types:
  body:
    params: [{id: x, type: f4}]
    instances:
      y: {value: x}
  held:
    params: [{id: x, type: body}]
    instances:
      y: {value: x}
