# 6:5: note SF512: the native engine cannot measure this format: a float
meta: {id: floating, endian: le}
-sigflow-stream:
seq:
  - {id: magic, contents: FLOATING}
  - {id: gain, type: f4, valid: {min: 0.0}}
  - {id: body, size: 9}
