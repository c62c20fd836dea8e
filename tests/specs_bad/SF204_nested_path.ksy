# 4:20: error SF204: unknown type 'head::bdoy', did you mean 'head::body'?
meta: {id: nested_path}
seq:
  - {id: a, type: 'head::bdoy'}
types:
  head:
    seq: [{id: x, type: u1}]
    types:
      body:
        seq: [{id: b, type: u1}]
