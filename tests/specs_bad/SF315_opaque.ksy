# 4:19: error SF315: opaque type 'os' is code of a module of this name: allow it with --opaque-types or --allow-import os
meta: {id: opaque, ks-opaque-types: true}
seq:
  - {id: a, type: os}
