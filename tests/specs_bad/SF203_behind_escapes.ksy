# 6:44: error SF203: unknown field 'kimd' in type 'behind_escapes', did you mean 'kind'?
meta: {id: behind_escapes}
seq:
  - {id: kind, type: u1}
instances:
  text: {value: "kind == 1 ? \"\x41\\t\" : kimd.to_s"}
