# 4:38: error SF125: not a process such as `xor(5)` or `my.name(1)`: expected a value, got ')'
meta: {id: process_argument_cut}
seq:
  - {id: a, size: 1, process: xor(1 +)}
