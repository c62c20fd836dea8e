# 5:27: error SF203: unknown field 'length' in type 'of_another_type::head'
meta: {id: of_another_type}
seq:
  - {id: head, type: head}
  - {id: body, size: head.length}
types:
  head:
    seq:
      - {id: len_body, type: u1}
