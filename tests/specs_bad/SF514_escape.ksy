# 4:40: error SF514: the escape is the first byte of what it is to keep out of a unit
meta: {id: escape}
-sigflow-stream:
  framing: {delimiter: 0xdb, stuffing: slip}
seq:
  - {id: a, type: u1}
