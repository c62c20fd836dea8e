meta: {id: header}
seq:
  - {id: b, type: u1}
