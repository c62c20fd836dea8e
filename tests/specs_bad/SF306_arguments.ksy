# 6:16: error SF306: 'substring' takes 2 arguments, got 1
meta: {id: arguments, encoding: ASCII}
seq:
  - {id: a, type: str, size: 3}
instances:
  b: {value: a.substring(1)}
