# 4:38: error SF126: `valid` has one form: `max` does not go with `eq`
meta: {id: two_forms}
seq:
  - {id: a, type: u1, valid: {eq: 3, max: 5}}
