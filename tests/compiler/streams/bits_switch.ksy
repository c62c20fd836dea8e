# A length in little-endian bits, a switch that decides what follows, a terminated name, an end mark behind it all.
meta: {id: bits_switch, endian: le, bit-endian: le, encoding: ASCII}
-sigflow-stream:
  max-frame: 512
  confirm: {chain: 3}
seq:
  - {id: mark, contents: [0x7e]}
  - {id: length, type: b12}
  - {id: kind, type: b4, valid: {max: 2}, -sigflow-reason: bad-kind}
  - id: head
    type:
      switch-on: kind
      cases: {0: u1, 1: named, _: pair}
  - {id: body, size: length}
  - {id: end_mark, contents: [0x7f], -sigflow-reason: no-end}
types:
  named:
    seq: [{id: name, type: strz, -sigflow-max-size: 12}]
  pair:
    seq: [{id: a, type: u2}, {id: b, type: u2}]
