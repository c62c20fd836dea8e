# 5:51: error SF115: unknown key 'enum', expected: consume, contents, doc, doc-ref, eos-error, id, if, include, pad-right, parent, process, repeat, size, size-eos, terminator, type, valid
# 6:53: error SF115: unknown key 'encoding', expected: consume, contents, doc, doc-ref, eos-error, id, if, include, pad-right, parent, process, repeat, size, size-eos, terminator, type, valid
meta: {id: beside_a_switch}
seq:
  - {id: a, type: {switch-on: 1, cases: {1: u1}}, enum: kind}
  - {id: b, type: {switch-on: 1, cases: {1: strz}}, encoding: ASCII}
enums:
  kind: {1: one}
