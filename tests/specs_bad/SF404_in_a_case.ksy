# 4:45: error SF404: 'a' is a string, so it needs an `encoding`, here or in `meta`
meta: {id: in_a_case}
seq:
  - {id: a, type: {switch-on: 1, cases: {1: strz}}}
