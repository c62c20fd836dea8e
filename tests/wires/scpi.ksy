# IEEE 488.2, 8.7.9: definite length arbitrary block response data, each with a newline behind it.
meta: {id: block, encoding: ASCII}
-sigflow-stream: {max-frame: 1048576}
seq:
  - {id: hash, contents: "#"}
  - {id: digits, type: str, size: 1, valid: {expr: _ >= "1" and _ <= "9"}}
  - {id: len_data, type: str, size: digits.to_i}
  - {id: data, size: len_data.to_i}
  - {id: newline, contents: "\n"}
