# 6:3: error SF201: duplicate attribute ID 'a', previously defined at /seq/0/id
meta: {id: instance_clash}
seq:
  - {id: a, type: u1}
instances:
  a: {value: 1}
