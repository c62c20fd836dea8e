# 9:23: error SF409: type 'item' holds itself without end: item -> other -> item
meta: {id: holds_itself}
seq:
  - {id: a, type: item}
types:
  item:
    seq:
      - {id: b, type: u1}
      - {id: c, type: other}
  other:
    seq:
      - {id: d, type: item}
