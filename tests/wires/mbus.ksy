# M-Bus (EN 13757-2, FT1.2): long and short frames with a sum of bytes, and a single character as acknowledgement.
meta: {id: mbus}
-sigflow-stream:
  checksum:
    - {field: long.checksum, algorithm: sum-8, over: long.body}
    - {field: short.checksum, algorithm: sum-8, over: short.control..short.address}
seq:
  - {id: start, type: u1, valid: {any-of: [0x68, 0x10, 0xe5]}}
  - {id: long, type: long, if: start == 0x68}
  - {id: short, type: short, if: start == 0x10}
types:
  long:
    seq:
      - {id: len_body, type: u1, valid: {min: 3}}
      - {id: len_again, type: u1, valid: len_body}
      - {id: start_again, contents: [0x68]}
      - {id: body, size: len_body}
      - {id: checksum, type: u1}
      - {id: stop, contents: [0x16]}
  short:
    seq:
      - {id: control, type: u1}
      - {id: address, type: u1}
      - {id: checksum, type: u1}
      - {id: stop, contents: [0x16]}
