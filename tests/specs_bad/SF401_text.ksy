# 4:5: error SF401: 'a' is a string, so it needs `size`, `size-eos` or `terminator`
meta: {id: text_without_end, encoding: ASCII}
seq:
  - {id: a, type: str}
