# 4:35: error SF206: an enum needs an integer type, 'color' is of type 'body'
meta: {id: enum_of_text, encoding: ASCII}
seq:
  - {id: color, type: body, enum: color}
enums:
  color: {0: red}
types:
  body:
    seq: [{id: first, type: u1}]
