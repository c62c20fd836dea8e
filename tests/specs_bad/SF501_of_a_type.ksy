# 3:1: error SF501: unknown hint '-sigflow-steam' of a type, expected: -sigflow-stream, -sigflow-checksum, -sigflow-examples, -sigflow-limits, did you mean '-sigflow-stream'?
meta: {id: hint_of_a_type}
-sigflow-steam: {max-frame: 10}
seq:
  - {id: a, size: 1}
