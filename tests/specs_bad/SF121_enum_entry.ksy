# 5:8: error SF121: an enum's entry needs an `id`
meta: {id: enum_entry}
enums:
  color:
    0: {doc: without a name}
