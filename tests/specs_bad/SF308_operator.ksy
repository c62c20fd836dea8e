# 7:19: error SF308: '+' does not take integer and string
meta: {id: operator_types, encoding: ASCII}
seq:
  - {id: a, type: u1}
  - {id: b, type: str, size: 1}
instances:
  c: {value: 2 * (a + b)}
