# 5:14: error SF303: instance 'a' needs its own value
meta: {id: own_value}
instances:
  a: {value: b + 1}
  b: {value: a - 1}
