# 2:12: warning SF210: the module of 'struct' is called struct_: Python, or what parsers need, has a module 'struct'
meta: {id: struct}
seq: [{id: a, type: u1}]
