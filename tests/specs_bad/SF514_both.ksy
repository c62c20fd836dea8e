# 4:12: error SF514: a framing has a `delimiter`, or a `start` and maybe an `end`
meta: {id: both}
-sigflow-stream:
  framing: {delimiter: 0xc0, end: 0xc0}
seq:
  - {id: a, type: u1}
