# 4:19: error SF403: 'u4' needs a byte order: write `u4le`, `u4be` or `meta/endian`
meta: {id: byte_order}
seq:
  - {id: a, type: u4}
