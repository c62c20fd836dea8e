meta: {id: instances, endian: be}
seq:
  - {id: n, type: u1}
  - {id: block, size: 8, type: block}
  - {id: tail, type: u1, repeat: until, repeat-until: '_ > 0x80 or _io.eof'}
instances:
  early: {pos: 2, type: u2}
  sub_io: {io: block._io, pos: 1, type: u4}
  arr: {pos: 'n % 4', size: 2, repeat: expr, repeat-expr: 2}
  opt: {value: n / 2, if: n > 100}
  opt_pos: {pos: 0, type: u1, if: n < 100}
  ratio: {value: n * 1.5}
  shifted: {value: '(n << 3) ^ 0xff | ~n & 0x0f'}
  tern: {value: 'n > 10 ? block.a : early'}
  chain: {value: block.up + tail.last + tail.first}
  neg: {value: -7 / 2 + -7 % 3}
  lst: {value: '[n, 300, block.a]'}
  mx: {value: lst.max - lst.min}
  as_enum: {value: n & 1, enum: parity}
  both: {value: as_enum == parity::odd}
  no_pos: {type: u1}
  whole: {pos: 0, size-eos: true}
  to_end: {pos: _io.size - 2, type: u2}
enums: {parity: {0: even, 1: odd}}
types:
  block:
    seq:
      - {id: a, type: u2}
      - {id: rest, size-eos: true, type: rest}
    instances:
      up: {value: _parent.n + _root.n}
      pos_of: {value: _io.pos}
  rest:
    seq:
      - {id: c, type: s1, repeat: eos}
    instances:
      upper: {value: '_parent.as<block>.a'}
