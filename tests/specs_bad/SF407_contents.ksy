# 5:23: error SF407: `contents` are bytes, which have no `type`
# 6:38: error SF407: `contents` and `valid` exclude each other
meta: {id: contents}
seq:
  - {id: a, contents: [1, 2], type: body}
  - {id: b, contents: [1, 2], valid: '[1, 2]'}
types:
  body:
    seq: [{id: x, type: u1}]
