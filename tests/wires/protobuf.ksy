# Protocol Buffers, delimited: a length as a varint, then the message; here google.protobuf.BytesValue.
meta: {id: delimited}
-sigflow-stream: {max-frame: 65536}
seq:
  - {id: sizes, type: u1, repeat: until, repeat-until: _ < 0x80 or _index == 2}
  - {id: tag, contents: [0x0a]}
  - {id: inner, type: u1, repeat: until, repeat-until: _ < 0x80 or _index == 2}
  - {id: value, size: len_value, valid: {expr: len_value + inner.size + 1 == length}}
instances:
  length:
    value: "(sizes[0] & 0x7f) + (sizes.size > 1 ? (sizes[1] & 0x7f) << 7 : 0) +
      (sizes.size > 2 ? (sizes[2] & 0x7f) << 14 : 0)"
  len_value:
    value: "(inner[0] & 0x7f) + (inner.size > 1 ? (inner[1] & 0x7f) << 7 : 0) +
      (inner.size > 2 ? (inner[2] & 0x7f) << 14 : 0)"
