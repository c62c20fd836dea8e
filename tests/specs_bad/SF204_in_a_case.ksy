# 10:12: error SF204: unknown type 'u3'
meta: {id: in_a_case}
seq:
  - {id: kind, type: u1}
  - id: body
    type:
      switch-on: kind
      cases:
        1: u1
        2: u3
