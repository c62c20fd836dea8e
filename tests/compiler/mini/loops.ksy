meta: {id: loops, endian: le, encoding: ASCII}
seq:
  - {id: n, type: u1}
  - {id: words, type: strz, repeat: expr, repeat-expr: n % 3}
  - {id: sums, type: item, repeat: until, repeat-until: '_.v == 0 or sums.size == 4'}
  - {id: grid, type: 'rowt(_index, n)', repeat: expr, repeat-expr: 2}
  - {id: floats, type: f4be, repeat: expr, repeat-expr: 2}
  - {id: enums, type: u1, enum: e, repeat: expr, repeat-expr: n % 5}
  - {id: sized, size: 2, repeat: until, repeat-until: '_[0] == _[1] or _io.eof'}
  - {id: rest, type: u2, repeat: eos}
types:
  item: {seq: [{id: v, type: u1}]}
  rowt:
    params: [{id: i, type: u4}, {id: n, type: u4}]
    seq: [{id: cells, type: u1, repeat: expr, repeat-expr: i + 1}]
    instances: {s: {value: 'cells.size * (i + n)'}}
enums: {e: {1: a, 2: b}}
