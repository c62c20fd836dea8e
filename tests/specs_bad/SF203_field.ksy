# 5:23: error SF203: unknown field 'lenbody' in type 'field', did you mean 'len_body'?
meta: {id: field}
seq:
  - {id: len_body, type: u1}
  - {id: body, size: (lenbody + 1) * 2}
