meta: {id: bits_mix, endian: le, bit-endian: le}
seq:
  - {id: a, type: b3}
  - {id: b, type: b13}
  - {id: c, type: b1be}
  - {id: d, type: b7be}
  - {id: e, type: u2}
  - {id: f, type: b24}
  - {id: g, type: b1, repeat: expr, repeat-expr: 5}
  - {id: h, type: inner}
  - {id: i, type: u1}
  - {id: j, type: b64be}
  - {id: k, type: b12be, enum: color}
  - {id: l, type: b4be, if: k == color::red}
  - {id: m, type: u1, repeat: eos}
instances:
  in_mid: {pos: 1, type: b12be}
  eof: {value: _io.eof}
enums: {color: {0x102: red, 2: blue}}
types:
  inner:
    meta: {bit-endian: be}
    seq:
      - {id: x, type: b3}
      - {id: y, type: b2}
