# 4:3: error SF303: instance 'a' needs its own value: a -> a
meta: {id: own_position}
instances:
  a: {pos: a, type: u1}
