# 6:5: error SF507: the length of a frame cannot be derived: 'b' extends to the end of the stream
meta: {id: to_the_end}
-sigflow-stream:
seq:
  - {id: a, contents: SYNC}
  - {id: b, size-eos: true}
