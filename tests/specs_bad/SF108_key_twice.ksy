# 6:5: error SF108: key 'type' is given twice
meta: {id: key_twice}
seq:
  - id: a
    type: u1
    type: u2le
