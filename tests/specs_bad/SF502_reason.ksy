# 5:46: error SF502: a reason is lower-case words with hyphens, such as bad-length, got Bad Sync
meta: {id: hint_reason}
-sigflow-stream:
seq:
  - {id: a, contents: SYNC, -sigflow-reason: Bad Sync}
