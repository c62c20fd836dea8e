# 4:25: error SF301: not an expression: expected a value, got the end
meta: {id: in_an_f_string}
instances:
  a: {value: 'f"one {1 +} two"'}
