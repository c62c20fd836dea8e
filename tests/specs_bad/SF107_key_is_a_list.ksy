# 4:5: error SF107: a key must be a string or a number, got a list of 2
meta: {id: key_is_a_list}
types:
  ? [a, b]
  : {seq: [{id: x, type: u1}]}
