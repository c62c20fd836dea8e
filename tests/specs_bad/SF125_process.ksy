# 4:39: error SF125: not a process such as `xor(5)` or `my.name(1)`: expected the end of the process, got '5'
meta: {id: process}
seq:
  - {id: body, size: 4, process: 'xor 5'}
