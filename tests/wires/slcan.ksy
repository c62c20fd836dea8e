# SLCAN (LAWICEL CAN232): t and three, or T and eight digits of an id, the number of bytes, the bytes in hexadecimal.
meta: {id: slcan, encoding: ASCII}
-sigflow-stream:
  framing: {delimiter: "\r", last: open}
  max-frame: 32
seq:
  - {id: kind, type: str, size: 1, valid: {any-of: ['"t"', '"T"', '"r"', '"R"']}}
  - {id: can_id, type: str, size: 'kind == "t" or kind == "r" ? 3 : 8'}
  - {id: len_data, type: str, size: 1, valid: {expr: _ >= "0" and _ <= "8"}}
  - {id: data, type: str, size: 'kind == "t" or kind == "T" ? 2 * len_data.to_i : 0'}
