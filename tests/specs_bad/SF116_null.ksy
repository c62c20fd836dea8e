# 6:10: error SF116: invalid attribute ID: null, expected /^[a-z][a-z0-9_]*$/
# 8:3: error SF116: invalid type ID: null, expected /^[a-z][a-z0-9_]*$/
# 10:18: error SF116: invalid enum member ID: null, expected /^[a-z][a-z0-9_]*$/
meta: {id: 'null'}
seq:
  - {id: null, type: u1}
types:
  ~: {}
enums:
  kind: {1: {id: null}}
