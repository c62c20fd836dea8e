# 7:21: error SF307: 'to_s' takes the name of an encoding as a literal string, got an expression
meta: {id: encoding_argument}
seq:
  - {id: a, size: 3}
  - {id: b, type: u1}
instances:
  c: {value: a.to_s(b)}
