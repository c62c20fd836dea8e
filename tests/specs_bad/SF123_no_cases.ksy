# 6:11: error SF123: missing mandatory key `cases`
meta: {id: no_cases}
seq:
  - {id: kind, type: u1}
  - id: body
    type: {switch-on: kind}
