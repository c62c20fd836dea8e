meta: {id: switches, endian: le, encoding: ASCII}
seq:
  - {id: records, type: record, repeat: eos}
types:
  record:
    seq:
      - {id: kind, type: u1, enum: kinds}
      - {id: flag, type: b1}
      - {id: code, type: b7}
      - id: by_enum
        type:
          switch-on: kind
          cases:
            kinds::one: u1
            kinds::two: u2be
            kinds::three: strz
            kinds::four: pair(3, flag)
            _: b4
      - id: by_bool
        type:
          switch-on: flag
          cases: {true: u1, false: s2}
      - id: sized
        size: 3
        type:
          switch-on: code
          cases: {1: small, 2: small}
      - id: listed
        type:
          switch-on: code & 3
          cases: {0: u1, 1: u2, 2: f4}
        repeat: expr
        repeat-expr: 2
      - id: by_sum
        type:
          switch-on: 'code + 1 > 100 ? "big" : "small"'
          cases:
            '"big"': u4
            '"small"': small
  small:
    seq: [{id: x, type: u1}]
  pair:
    params: [{id: n, type: u1}, {id: big, type: bool}]
    seq: [{id: items, type: u1, repeat: expr, repeat-expr: 'big ? n : 1'}]
    instances:
      total: {value: items.size + n}
enums: {kinds: {1: one, 2: two, 3: three, 4: four}}
