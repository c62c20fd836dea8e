# 4:12: warning SF510: a chain of 4 is believed on 32 bits of evidence, 36 are advised: more `valid`, a lower max-frame or a longer chain
meta: {id: weak_chain}
-sigflow-stream:
  confirm: {chain: 4}
seq:
  - {id: magic, contents: Z}
  - {id: body, size: 9}
