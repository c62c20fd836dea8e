# 4:22: error SF204: unknown type 'heder', did you mean 'header'?
meta: {id: unknown_type}
seq:
  - {id: head, type: heder}
types:
  header:
    seq: [{id: a, type: u1}]
