# 4:19: error SF404: 'a' is a string, so it needs an `encoding`, here or in `meta`
meta: {id: no_encoding}
seq:
  - {id: a, type: strz}
