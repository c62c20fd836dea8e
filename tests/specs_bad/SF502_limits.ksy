# 4:27: error SF502: expected an integer of at least 0, got -1
# 4:38: error SF502: expected an integer of at least 0, got x
meta: {id: hint_limits}
-sigflow-limits: {repeat: -1, depth: x}
seq:
  - {id: a, type: u1}
