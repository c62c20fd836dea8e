# 3:1: error SF115: unknown key 'sequence', expected: doc, doc-ref, enums, instances, meta, params, seq, to-string, types
meta: {id: unknown_key_at_top}
sequence:
  - {id: body, size: 4}
