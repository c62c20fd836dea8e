# 4:5: error SF121: a param needs an `id`
meta: {id: param}
params:
  - type: u1
