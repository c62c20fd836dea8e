# 12:15: error SF504: a checksum of 16 bits takes 5 digits, 'text' has 4
# 13:31: error SF504: expected `hex` or `decimal` or `octal`, got base64
# 14:28: error SF504: 'a' is no text; only text has an encoding of digits
# 15:15: error SF504: an expected value speaks of at least one field of the frame
# 16:15: error SF504: a checksum of 16 bits does not fit into 'part': it has 12 bits, which are no whole bytes
# 17:64: error SF502: only a field of whole bytes counts as zeros
# 18:50: error SF502: 'a' is no plain text that could be decoded
# 19:64: error SF502: `decode`: expected `hex` or `base64`, got hexa
meta: {id: digits, endian: be, encoding: ASCII}
-sigflow-stream:
  checksum:
    - {field: text, encoding: decimal, algorithm: CRC-16/MODBUS, over: a}
    - {field: text, encoding: base64, algorithm: sum-8, over: a}
    - {field: a, encoding: hex, algorithm: sum-8, over: a}
    - {field: {expr: 7 + 1}, algorithm: sum-8, over: a}
    - {field: part, algorithm: sum-16, over: a}
    - {field: part, algorithm: sum-8, over: [a..part], zeroed: true}
    - {field: a, algorithm: sum-8, over: {field: a, decode: hex}}
    - {field: a, algorithm: sum-8, over: {field: text, decode: hexa}}
seq:
  - {id: magic, contents: SYNC}
  - {id: a, type: u1}
  - {id: text, type: str, size: 4}
  - {id: part, type: b12}
  - {id: rest, type: b4}
