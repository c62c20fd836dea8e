# Motorola S-records, srec(5): type, count, address, data, and the ones' complement of their sum, all in hexadecimal.
meta: {id: srecord, encoding: ASCII}
-sigflow-stream:
  framing: {delimiter: "\n", last: open}
  checksum: {field: sum, encoding: hex, algorithm: {sum: 8, complement: ones}, over: {field: count..data, decode: hex}}
  max-frame: 516
seq:
  - {id: letter, contents: S}
  - {id: type, type: str, size: 1, valid: {expr: _ >= "0" and _ <= "9" and _ != "4"}}
  - {id: count, type: str, size: 2}
  - {id: address, type: str, size: "[4, 4, 6, 8, 0, 4, 6, 8, 6, 4][type.to_i]"}
  - {id: data, type: str, size: 2 * count.to_i(16) - address.length - 2}
  - {id: sum, type: str, size: 2}
