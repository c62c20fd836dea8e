# Digi XBee API frames, mode 1: 0xff less the sum of the frame's bytes.
meta: {id: xbee, endian: be}
-sigflow-stream:
  checksum: {field: checksum, algorithm: {sum: 8, complement: ones}, over: data}
seq:
  - {id: start, contents: [0x7e]}
  - {id: len_data, type: u2, valid: {max: 512}}
  - {id: data, size: len_data}
  - {id: checksum, type: u1}
