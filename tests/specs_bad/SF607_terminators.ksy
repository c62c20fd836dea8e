# 4:25: warning SF607: the terminator of 'a' is looked for at multiples of 2 bytes only, as the language has it: where 1c 0d stands at another place, it is passed over
meta: {id: terminators, encoding: ASCII}
seq:
  - {id: a, terminator: [0x1c, 0x0d]}
  - {id: b, size: 2, terminator: [0x1c, 0x0d]}
  - {id: c, type: str, encoding: UTF-16LE, terminator: [0x0d, 0]}
  - {id: d, type: strz, encoding: UTF-32LE}
