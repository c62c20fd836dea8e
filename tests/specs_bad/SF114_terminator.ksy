# 4:33: error SF114: expected an integer from 0 to 255, got 1000
meta: {id: terminator}
seq:
  - {id: line, terminator: [13, 1000]}
