# 6:16: error SF305: string has no member or method 'lenght', did you mean 'length'?
meta: {id: method, encoding: ASCII}
seq:
  - {id: a, type: str, size: 3}
instances:
  b: {value: a.lenght}
