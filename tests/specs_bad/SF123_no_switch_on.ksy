# 6:7: error SF123: missing mandatory key `switch-on`
meta: {id: no_switch_on}
seq:
  - id: body
    type:
      cases: {1: u1}
