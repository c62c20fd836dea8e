# 5:21: error SF508: unknown field 'sequnce', did you mean 'sequence'?
# 5:35: error SF508: unknown field 'strem', did you mean 'stream'?
meta: {id: misspelt_sequence, endian: le}
-sigflow-stream:
  sequence: {field: sequnce, per: strem}
seq:
  - {id: magic, contents: SYNC}
  - {id: stream, type: u1}
  - {id: sequence, type: u1}
