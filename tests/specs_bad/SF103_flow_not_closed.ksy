# 3:4: error SF103: not YAML: did not find expected ',' or '}'
meta: {id: flow_not_closed
seq:
  - {id: a, type: u1}
