# 4:19: error SF406: a size is 0 or more, got -1
meta: {id: negative}
seq:
  - {id: a, size: 3 - 4}
