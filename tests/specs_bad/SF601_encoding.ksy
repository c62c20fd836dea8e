# 2:40: warning SF601: unknown encoding 'UTF-9', did you mean 'UTF-8'?
meta: {id: unknown_encoding, encoding: UTF-9}
seq:
  - {id: a, type: strz}
