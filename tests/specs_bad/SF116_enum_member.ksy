# 5:8: error SF116: invalid enum member ID: 'Red', expected /^[a-z][a-z0-9_]*$/
meta: {id: enum_member}
enums:
  color:
    0: Red
    1: green
