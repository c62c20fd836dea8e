# 4:31: warning SF314: custom process 'os.system' is code that the parser imports; --allow-import os.system allows it
meta: {id: custom}
seq:
  - {id: a, size: 4, process: os.system("ls")}
