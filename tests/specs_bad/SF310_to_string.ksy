# 3:12: error SF310: expected a string, got integer
meta: {id: to_string_type}
to-string: a
seq:
  - {id: a, type: u1}
