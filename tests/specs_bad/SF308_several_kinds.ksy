# 9:24: error SF308: both values of '?:' are of one kind, got integer and string
# 10:15: error SF308: the elements of a list are of one kind, got integer and a list of integer
# 12:15: error SF308: a list without elements has no type
meta: {id: several_kinds}
seq:
  - {id: a, type: u1}
  - {id: b, type: u1, repeat: eos}
instances:
  c: {value: "a == 1 ? 2 : 'two'"}
  d: {value: "[a, b]"}
  e: {value: "a == 1 ? [300] : b"}
  f: {value: "[]"}
