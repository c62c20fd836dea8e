# 5:5: error SF401: 'a' has no type, so it needs `size`, `size-eos`, `terminator` or `contents`
# 6:5: error SF401: 'b' is a string, so it needs `size`, `size-eos` or `terminator`
meta: {id: not_to_the_end, encoding: ASCII}
seq:
  - {id: a, size-eos: false}
  - {id: b, type: str, size-eos: false}
  - {id: c, size: 3, size-eos: false}
