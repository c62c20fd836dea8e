# 6:27: error SF204: unknown type 'bdoy', did you mean 'body'?
meta: {id: in_a_cast}
seq:
  - {id: body, size: 4, type: body}
instances:
  first: {value: 'body.as<bdoy>.first'}
types:
  body:
    seq: [{id: first, type: u1}]
