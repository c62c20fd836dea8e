meta: {id: processing, endian: le}
seq:
  - {id: key, size: 3}
  - {id: a, size: 5, process: xor(0x5a)}
  - {id: b, size: 5, process: xor(key)}
  - {id: c, size: 4, process: rol(3)}
  - {id: d, size: 4, process: 'ror(key[0] % 8)'}
  - {id: e, size: 6, process: xor(_index + 1), type: inner, repeat: expr, repeat-expr: 2}
  - {id: f, size-eos: true, process: 'xor([1, 2])'}
types:
  inner:
    seq:
      - {id: x, type: u2}
      - {id: y, size-eos: true}
