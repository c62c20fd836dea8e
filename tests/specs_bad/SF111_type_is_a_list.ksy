# 6:5: error SF111: a type is a map, got a list of 1
meta: {id: type_is_a_list}
seq: [{id: a, type: body}]
types:
  body:
    - {id: b, type: u1}
instances:
  c: {value: a.b}
