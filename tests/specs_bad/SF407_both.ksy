# 4:32: error SF407: `size` and `size-eos` exclude each other
meta: {id: both}
seq:
  - {id: a, size: 3, size-eos: true}
