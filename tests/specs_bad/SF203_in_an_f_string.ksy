# 6:33: error SF203: unknown field 'knid' in type 'field_in_an_f_string', did you mean 'kind'?
meta: {id: field_in_an_f_string}
seq:
  - {id: kind, type: u1}
instances:
  a: {value: 'f"one {kind} two {knid + 1}"'}
