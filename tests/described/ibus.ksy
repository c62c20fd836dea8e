# FlySky iBus servo frames (betaflight.com, Receiver protocols): 14 channels, 0xffff less the sum of the bytes.
meta: {id: ibus, endian: le}
-sigflow-stream:
  checksum: {field: checksum, algorithm: {sum: 16, complement: ones}, over: head..channels}
seq:
  - {id: head, contents: [0x20, 0x40]}
  - {id: channels, type: u2, repeat: expr, repeat-expr: 14}
  - {id: checksum, type: u2}
