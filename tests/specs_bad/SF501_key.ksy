# 3:19: error SF501: unknown key 'maxframe' of -sigflow-stream, expected: unit, sync, max-frame, checksum, confirm, sequence, overtaken-by, aborted-by-sync, time, kind, byte-order, payload, framing, idle, preamble, trailer, max-preamble, did you mean 'max-frame'?
meta: {id: hint_key}
-sigflow-stream: {maxframe: 10, confirm: {chain: 30}}
seq:
  - {id: a, contents: SYNC}
