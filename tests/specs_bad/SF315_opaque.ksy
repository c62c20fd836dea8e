# 4:19: warning SF315: opaque type 'os' is code of a module of this name, which the parser imports; --opaque-types or --allow-import allow it
meta: {id: opaque, ks-opaque-types: true}
seq:
  - {id: a, type: os}
