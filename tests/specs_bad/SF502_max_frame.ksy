# 3:30: error SF502: expected an integer of at least 1, got many
meta: {id: hint_form}
-sigflow-stream: {max-frame: many}
seq:
  - {id: a, contents: SYNC}
