# 4:14: error SF506: max-frame is 5, the smallest frame has 8 bytes
meta: {id: max_frame}
-sigflow-stream:
  max-frame: 5
seq:
  - {id: a, contents: SYNC}
  - {id: b, size: 4}
