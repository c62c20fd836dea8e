# 4:31: error SF122: expected eos, expr or until, got untill, did you mean 'until'?
meta: {id: unknown_repeat}
seq:
  - {id: a, type: u1, repeat: untill, repeat-until: _ == 0}
