# 4:31: error SF314: custom process 'os.system' runs code from a module: allow it with --allow-import os.system
meta: {id: custom}
seq:
  - {id: a, size: 4, process: os.system("ls")}
