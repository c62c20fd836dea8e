# 4:9: error SF505: no field fixes the sync 53 59 4e 4b: the leading bytes are fixed to 53 59 4e 43
meta: {id: sync}
-sigflow-stream:
  sync: SYNK
seq:
  - {id: a, contents: SYNC}
  - {id: b, size: 4}
