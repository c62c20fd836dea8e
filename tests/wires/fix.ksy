# FIX tag=value: BodyLength counts from behind its field up to the field CheckSum, three decimal digits of a sum of bytes.
meta: {id: fix, encoding: ASCII}
-sigflow-stream:
  checksum: {field: check_sum, encoding: decimal, algorithm: sum-8, over: begin_string..body}
  max-frame: 8192
seq:
  - {id: begin_string, contents: "8=FIX"}
  - {id: version, terminator: 1, -sigflow-max-size: 8}
  - {id: body_length_tag, contents: "9="}
  - {id: body_length, type: str, terminator: 1, -sigflow-max-size: 6}
  - {id: body, size: body_length.to_i}
  - {id: check_sum_tag, contents: "10="}
  - {id: check_sum, type: str, size: 3}
  - {id: end, contents: [1]}
