# 5:45: warning SF314: codec 'os:system' is code that the parser imports; --allow-import os allows it
meta: {id: coded}
-sigflow-stream: {sync: M, confirm: {chain: 8}, max-frame: 64}
seq:
  - {id: mark, contents: M, -sigflow-codec: "os:system"}
