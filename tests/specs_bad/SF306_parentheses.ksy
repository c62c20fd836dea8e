# 11:16: error SF306: 'size' takes no arguments, and no parentheses
# 12:16: error SF306: 'x' is a member, which takes no arguments
meta: {id: parentheses}
seq:
  - {id: a, size: 3}
  - {id: b, type: body}
types:
  body:
    seq: [{id: x, type: u1}]
instances:
  c: {value: a.size()}
  d: {value: b.x()}
