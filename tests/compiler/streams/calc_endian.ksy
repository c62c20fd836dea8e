# The byte order follows from the mark; sizes are read in it, in nested types and in a repeat.
meta: {id: calc_endian}
-sigflow-stream:
  sync: [[0x49, 0xa5], [0x4d, 0xa5]]
  checksum: {field: total, algorithm: sum-16, over: [mark..content]}
seq:
  - {id: mark, type: u1, valid: {any-of: [0x49, 0x4d]}}
  - {id: fill, contents: [0xa5]}
  - {id: content, type: content}
  - {id: total, type: u2be}
types:
  content:
    meta:
      endian:
        switch-on: _parent.mark
        cases: {0x49: le, 0x4d: be}
    seq:
      - {id: head, type: header}
      - {id: parts, type: part, repeat: expr, repeat-expr: head.count}
    types:
      header:
        seq:
          - {id: count, type: u2, valid: {max: 4}, -sigflow-reason: bad-count}
      part:
        seq:
          - {id: size, type: u2, valid: {max: 300}}
          - {id: body, size: size}
