# 4:10: warning SF605: nothing uses the param 'size'
meta: {id: unused_param}
params:
  - {id: size, type: u1}
seq:
  - {id: a, type: u1}
