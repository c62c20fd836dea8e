# 14:31: error SF503: a sum's width is one of 8, 16, 32, got 12
# 15:31: error SF503: a sum's word is one of u1, u2le, u2be, u4le, u4be, got u3
# 16:31: error SF503: a sum's carry is one of none, end-around, got around
# 17:31: error SF503: a sum of 8 bits: init 0x100 does not fit into them
# 18:46: error SF502: `init`: expected an integer, got zero
# 19:40: error SF501: unknown key 'poly' of a sum, expected: sum, word, carry, complement, init, mask
# 20:31: error SF503: the word of an XOR of 16 bits is one of u2be, u2le, got u1
# 21:31: error SF503: an XOR of 8 bits: init 0x100 does not fit into them
# 22:31: error SF503: unknown checksum 'Fletcher', did you mean 'fletcher-16' or 'fletcher-16-mod256'?
# 23:31: error SF503: unknown checksum 'SREC', did you mean '{sum: 8, complement: ones}'?
meta: {id: parameters, endian: be}
-sigflow-stream:
  checksum:
    - {field: sum, algorithm: {sum: 12}, over: a}
    - {field: sum, algorithm: {sum: 8, word: u3}, over: a}
    - {field: sum, algorithm: {sum: 8, carry: around}, over: a}
    - {field: sum, algorithm: {sum: 8, init: 256}, over: a}
    - {field: sum, algorithm: {sum: 8, init: zero}, over: a}
    - {field: sum, algorithm: {sum: 8, poly: 7}, over: a}
    - {field: sum, algorithm: {xor: 16}, over: a}
    - {field: sum, algorithm: {xor: 8, init: 0x100}, over: a}
    - {field: sum, algorithm: Fletcher, over: a}
    - {field: sum, algorithm: SREC, over: a}
seq:
  - {id: magic, contents: SYNC}
  - {id: a, type: u1}
  - {id: sum, type: u1}
