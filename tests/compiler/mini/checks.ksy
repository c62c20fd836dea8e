meta: {id: checks, endian: le, encoding: ASCII}
seq:
  - {id: rows, type: row, repeat: eos}
types:
  row:
    seq:
      - {id: a, type: u1, valid: {min: 1, max: 200}}
      - {id: b, type: s2, valid: {any-of: [1, -1, 258, a]}, if: a < 30}
      - {id: c, size: 1, valid: {expr: '_[0] != 0x33'}}
      - {id: d, type: u1, enum: e, valid: {in-enum: true}, if: a == 77}
      - {id: e1, type: u1, repeat: expr, repeat-expr: 2, valid: {max: 250}}
      - {id: f, type: f4, valid: {min: -1e30}, if: a > 190}
      - {id: g, type: str, size: 1, valid: '"A"', if: a == 65}
      - {contents: [0x42], if: a == 66}
enums: {e: {1: x, 2: y}}
