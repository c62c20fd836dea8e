meta: {id: two_specs}
seq:
  - {id: b, type: u1}
