# 5:10: error SF201: duplicate attribute ID 'a', previously defined at /seq/0/id
meta: {id: twice}
seq:
  - {id: a, type: u1}
  - {id: a, type: u1}
