# 6:3: error SF116: invalid type ID: 'Body', expected /^[a-z][a-z0-9_]*$/
meta: {id: types_with_capitals}
seq:
  - {id: a, type: Body}
types:
  Body:
    seq: [{id: b, type: u1}]
