# 9:20: error SF302: expected a type without arguments, or a list of it: 'body(1)'
# 10:20: error SF302: expected a type without arguments, or a list of it: 'body[][]'
# 12:19: error SF302: 'u1' takes no arguments
# 13:25: error SF302: not a type name: expected an argument, got ')'
# 18:20: error SF302: expected the name of a type, or a list of it, without arguments
# 19:22: error SF302: expected the name of a type, without arguments
meta: {id: arguments}
params:
  - {id: a, type: 'body(1)'}
  - {id: b, type: 'body[][]'}
seq:
  - {id: c, type: 'u1(2)'}
  - {id: d, type: 'body()'}
types:
  body:
    params: [{id: x, type: u1}]
instances:
  e: {value: 'a.as<body(1)>.x'}
  f: {value: 'sizeof<body[]>'}
