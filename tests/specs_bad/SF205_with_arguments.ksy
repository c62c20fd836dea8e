# 5:29: error SF205: unknown enum 'kind(1)', did you mean 'kind'?
# 6:29: error SF205: unknown enum 'kind[]', did you mean 'kind'?
meta: {id: with_arguments}
seq:
  - {id: a, type: u1, enum: 'kind(1)'}
  - {id: b, type: u1, enum: 'kind[]'}
enums:
  kind: {1: one}
