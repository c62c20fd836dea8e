# 10:9: error SF203: unknown field 'knid' in type 'in_a_folded_expression', did you mean 'kind'?
meta: {id: in_a_folded_expression}
seq:
  - {id: kind, type: u1}
  - id: body
    size: 1
    if: >-
      kind == 1 or
      kind == 2 or
        knid == 3
