# 4:31: error SF313: `zlib` takes no arguments, got 1
meta: {id: zlib_argument}
seq:
  - {id: a, size: 4, process: zlib(9)}
