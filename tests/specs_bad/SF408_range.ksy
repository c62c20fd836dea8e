# 6:36: warning SF408: 'a' is 0 to 255, never 300 or more
# 7:36: warning SF408: 'b' is -128 to 127, never -129 or less
# 8:30: warning SF408: no value of 'c' is at least 9 and at most 3
meta: {id: never_in_range}
seq:
  - {id: a, type: u1, valid: {min: 300}}
  - {id: b, type: s1, valid: {max: -129}}
  - {id: c, type: u1, valid: {min: 9, max: 3}}
