# 5:10: warning SF603: use `len_body` instead of `body_length`, which is only used as a byte size of `body` (see the style guide of the language, attr-id)
# 7:10: warning SF603: use `num_items` instead of `item_count`, which is only used as repeat count of `items` (see the style guide of the language, attr-id)
meta: {id: length_name}
seq:
  - {id: body_length, type: u1}
  - {id: body, size: body_length}
  - {id: item_count, type: u1}
  - {id: items, type: u1, repeat: expr, repeat-expr: item_count}
