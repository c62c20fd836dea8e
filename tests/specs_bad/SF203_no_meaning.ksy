# 4:27: error SF203: '_on' has no meaning here
meta: {id: no_meaning}
seq:
  - {id: a, type: u1, if: _on == 1}
