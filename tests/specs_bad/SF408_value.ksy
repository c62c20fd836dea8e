# 7:30: warning SF408: 'a' is 0 to 255, never 256
# 8:43: warning SF408: 'b' is 0 to 7, never 8
# 9:30: warning SF408: the list is empty: no value of 'c' is accepted
# 10:30: warning SF408: 'd' has 2 bytes, never 3
meta: {id: never_equal}
seq:
  - {id: a, type: u1, valid: 256}
  - {id: b, type: b3, valid: {any-of: [7, 8]}}
  - {id: c, type: u1, valid: {any-of: []}}
  - {id: d, size: 2, valid: '[1, 2, 3]'}
