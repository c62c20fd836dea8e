# 6:38: error SF203: unknown field 'kimd' in type 'quoted_twice', did you mean 'kind'?
meta: {id: quoted_twice}
seq:
  - {id: kind, type: u1}
instances:
  text: {value: 'kind == 1 ? ''a'' : kimd.to_s'}
