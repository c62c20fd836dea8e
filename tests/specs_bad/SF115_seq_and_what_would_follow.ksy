# 3:1: error SF115: unknown key 'sequence', expected: doc, doc-ref, enums, instances, meta, params, seq, to-string, types
meta: {id: seq_and_what_would_follow}
sequence:
  - {id: a, type: u1}
instances:
  b: {value: a + 1}
