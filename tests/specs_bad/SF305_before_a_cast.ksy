# 14:16: error SF305: any has no member or method 'x'
# 16:14: error SF308: '+' does not take any and integer
# 17:14: error SF309: any can't be compared with integer
meta: {id: before_a_cast}
params:
  - {id: given, type: any}
seq:
  - id: a
    type: {switch-on: given.as<u1>, cases: {1: u1, 2: body}}
types:
  body:
    seq: [{id: x, type: u1}]
instances:
  b: {value: a.x}
  c: {value: a.as<body>.x}
  d: {value: a + 1}
  e: {value: given == 1}
  f: {value: given.as<u1> == 1}
