# 5:5: error SF401: 'a' has no type, so it needs `size`, `size-eos`, `terminator` or `contents`
# 5:13: error SF115: unknown key 'note', expected: consume, contents, doc, doc-ref, eos-error, id, if, include, pad-right, parent, process, repeat, size, size-eos, terminator, type, valid
meta: {id: and_no_extent}
seq:
  - {id: a, note: 5}
