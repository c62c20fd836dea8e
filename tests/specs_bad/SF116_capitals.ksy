# 4:10: error SF116: invalid attribute ID: 'lenBody', expected /^[a-z][a-z0-9_]*$/
meta: {id: capitals}
seq:
  - {id: lenBody, type: u1}
  - {id: body, size: lenBody}
