# 4:40: error SF502: `-sigflow-unique` needs a repeated attribute, 'a' is not
meta: {id: hint_unique}
seq:
  - {id: a, type: u1, -sigflow-unique: _}
