meta: {id: endians}
seq:
  - {id: parts, type: part, repeat: eos}
types:
  part:
    seq:
      - {id: mark, type: u1}
      - {id: body, type: body(mark % 3)}
    types:
      body:
        params: [{id: n, type: u1}]
        meta:
          endian:
            switch-on: n
            cases: {0: le, 1: be}
        seq:
          - {id: a, type: u2}
          - {id: b, type: u4be}
          - {id: c, type: inner, repeat: expr, repeat-expr: n + 1}
        instances:
          d: {pos: 0, type: u2}
        types:
          inner:
            seq: [{id: x, type: s2}]
