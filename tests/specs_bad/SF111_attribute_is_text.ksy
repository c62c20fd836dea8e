# 4:5: error SF111: an attribute is a map, got len_body u1
meta: {id: attribute_is_text}
seq:
  - len_body u1
  - {id: body, size: len_body}
