# 8:19: error SF204: unknown type 'u2le', did you mean 'u2'?
# 9:19: error SF204: unknown type 'strz'
# 14:19: error SF204: unknown type 'f8be', did you mean 'f8'?
# 15:19: error SF204: unknown type 'kind'
# 16:21: error SF204: unknown type 'u2le', did you mean 'u2'?
meta: {id: of_a_value}
params:
  - {id: a, type: u2le}
  - {id: b, type: strz}
  - {id: c, type: u4}
enums:
  kind: {1: one}
instances:
  d: {value: c.as<f8be> + c.as<f8>}
  e: {value: c.as<kind>}
  f: {value: sizeof<u2le> + sizeof<u2>}
