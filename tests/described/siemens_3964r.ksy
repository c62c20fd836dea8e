# Siemens 3964R (manual of the CP 341, 2.5): STX, data with doubled DLE, DLE ETX, the XOR of what was sent behind STX.
# As tokens: a `framing` would refuse an STX inside a block, where it stands as it is.
meta: {id: siemens_3964r}
-sigflow-stream:
  checksum: {field: bcc, algorithm: xor-8, over: tokens}
  max-frame: 1024
  aborted-by-sync: false
seq:
  - {id: stx, contents: [2]}
  - {id: tokens, type: token, repeat: until, repeat-until: _.byte == 0x10 and _.next == 3}
  - {id: bcc, type: u1}
types:
  token:
    seq:
      - {id: byte, type: u1}
      - {id: next, type: u1, if: byte == 0x10, valid: {any-of: [3, 0x10]}}
