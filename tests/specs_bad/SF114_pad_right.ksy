# 4:47: error SF114: expected an integer from 0 to 255, got 256
meta: {id: pad_right, encoding: ASCII}
seq:
  - {id: name, type: str, size: 8, pad-right: 256}
