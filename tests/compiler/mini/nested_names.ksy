meta: {id: nested_names, endian: le}
seq:
  - {id: one, type: 'a::b'}
  - {id: two, type: a}
  - {id: three, type: 'c(two, one.x)'}
  - {id: four, type: 'a::b', parent: two}
  - {id: five, type: d, parent: false}
types:
  a:
    seq: [{id: y, type: b}, {id: kind, type: u1, enum: k}]
    enums: {k: {0: none, 1: true_, 2: name, 3: value}}
    types:
      b:
        seq: [{id: x, type: u1}]
  c:
    params: [{id: src, type: a}, {id: num, type: u1}]
    seq: [{id: z, size: src.y.x % 4 + num % 2}]
    instances:
      is_name: {value: src.kind == a::k::name}
  d:
    seq: [{id: q, type: u1}]
