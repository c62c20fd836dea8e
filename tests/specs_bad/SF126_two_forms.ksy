# 4:30: error SF126: `valid` has one form, got eq, max
meta: {id: two_forms}
seq:
  - {id: a, type: u1, valid: {eq: 3, max: 5}}
