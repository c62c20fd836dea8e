# 5:5: error SF401: 'a' has a `process` before its type, so it needs `size`, `size-eos` or `terminator`
# 6:45: error SF401: 'b' has a `process` before its type, so it needs `size`, `size-eos` or `terminator`
meta: {id: process}
seq:
  - {id: a, type: body, process: zlib}
  - {id: b, type: {switch-on: 1, cases: {1: body}}, process: xor(1)}
types:
  body:
    seq: [{id: x, type: u1}]
