# 4:5: error SF401: 'a' has no type, so it needs `size`, `size-eos`, `terminator` or `contents`
meta: {id: bytes_without_end}
seq:
  - {id: a}
