# 4:31: error SF313: `rol` takes an integer, got string
meta: {id: process_argument}
seq:
  - {id: a, size: 4, process: rol("x")}
