# 3:6: error SF111: seq is a list, got a map
meta: {id: seq_is_a_map}
seq: {id: a, type: u1}
instances:
  b: {value: a + 1}
