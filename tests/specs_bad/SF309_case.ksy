# 10:10: error SF309: integer can't be compared with string
meta: {id: case_type}
seq:
  - {id: a, type: u1}
  - id: b
    type:
      switch-on: a
      cases:
        1: u1
        '"x"': u2le
