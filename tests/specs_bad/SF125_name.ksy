# 4:31: error SF125: 'class' is no name of a module or a class in it
meta: {id: name}
seq:
  - {id: a, size: 4, process: my.class(1)}
