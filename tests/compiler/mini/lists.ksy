meta: {id: lists, endian: le, encoding: ASCII}
seq:
  - {id: n, type: u1}
  - {id: sizes, type: 'sums([3, 1, 2].as<u2[]>, [n + 300, 2])'}
  - {id: words, size: 1, repeat: expr, repeat-expr: 'small[n & 1]'}
types:
  sums:
    params:
      - {id: given, type: 'u2[]'}
      - {id: counted, type: 'u4[]'}
    instances:
      most: {value: given.max + counted.max}
      count: {value: given.size + counted.size}
instances:
  small: {value: '[1, 2].as<u1[]>'}
  as_bytes: {value: '[1, 2].as<bytes>'}
  plain: {value: '[1, 2]'}
  none: {value: '[].as<u4[]>'}
  no_bytes: {value: '[].as<bytes>'}
  count: {value: none.size + no_bytes.size}
  ends: {value: 'small.first + small.last + as_bytes.first + plain[1]'}
