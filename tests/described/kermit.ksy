# Kermit Protocol Manual (da Cruz, 1986), 6: packets of printable characters, block check type 3 (CRC-CCITT), CR.
meta: {id: kermit, encoding: ASCII, bit-endian: be}
-sigflow-stream:
  checksum: {field: {expr: "(check[0] - 32) << 12 | (check[1] - 32) << 6 | (check[2] - 32)"},
    algorithm: CRC-16/KERMIT, over: len..data}
  sequence: {field: number}
seq:
  - {id: mark, contents: [0x01]}
  - {id: len, type: u1, valid: {min: 37, max: 126}}
  - {id: high, type: b2, valid: {max: 1}}
  - {id: number, type: b6}
  - {id: type, type: u1, valid: {min: 65, max: 90}}
  - {id: data, type: str, size: len - 37}
  - {id: check, type: u1, repeat: expr, repeat-expr: 3, valid: {min: 32, max: 95}}
  - {id: end, contents: "\r"}
