# 6:3: warning SF604: nothing uses the type 'header'
meta: {id: unused_type}
seq:
  - {id: a, type: u1}
types:
  header:
    seq: [{id: b, type: u1}]
