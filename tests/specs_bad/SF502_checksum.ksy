# 4:13: error SF502: a checksum needs `algorithm` and `over`
meta: {id: hint_checksum}
-sigflow-stream:
  checksum: {field: b}
seq:
  - {id: a, contents: SYNC}
  - {id: b, type: u4le}
