# 8:44: warning SF410: type 'item' holds itself without end: item -> item; reading it fails wherever it is reached
meta: {id: recursive}
seq:
  - {id: more, type: u1}
  - {id: first, type: item, if: more != 0}
types:
  item:
    seq: [{id: v, type: u1}, {id: n, type: item}]
