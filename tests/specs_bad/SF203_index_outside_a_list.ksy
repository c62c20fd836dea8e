# 4:27: error SF203: '_index' has no meaning here
meta: {id: index_outside}
seq:
  - {id: a, type: u1, if: _index == 0, repeat: eos}
