# 5:5: error SF115: unknown key 'siez', expected: consume, contents, doc, doc-ref, eos-error, id, if, include, pad-right, parent, process, repeat, size, size-eos, terminator, type, valid, did you mean 'size'?
meta: {id: unknown_key}
seq:
  - id: body
    siez: 4
    size: 4
