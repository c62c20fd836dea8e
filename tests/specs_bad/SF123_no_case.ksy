# 4:41: error SF123: a switch has at least one case
meta: {id: no_case}
seq:
  - {id: a, type: {switch-on: 1, cases: {}}}
