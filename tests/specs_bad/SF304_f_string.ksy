# 6:23: error SF304: an f-string takes integers and strings, got boolean
meta: {id: f_string}
seq:
  - {id: a, type: u1}
instances:
  b: {value: 'f"a is {a == 1}"'}
