# 5:26: error SF116: invalid ID: 'LenBody', expected /^[a-z][a-z0-9_]*$/
meta: {id: in_an_expression}
seq:
  - {id: len_body, type: u1}
  - {id: body, size: 1 + LenBody}
