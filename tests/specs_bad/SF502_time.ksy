# 4:26: error SF502: expected one of s, ms, us, ns, got 'min'
meta: {id: hint_time}
-sigflow-stream:
  time: {field: a, unit: min, epoch: 1970-01-01}
  confirm: {chain: 40}
seq:
  - {id: sync, contents: SYNC}
  - {id: a, type: u4le}
