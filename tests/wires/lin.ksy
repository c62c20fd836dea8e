# LIN 2.x: sync byte, protected identifier, eight data bytes, enhanced checksum (inverted sum with end-around carry).
meta: {id: lin}
-sigflow-stream:
  checksum: {field: checksum, algorithm: {sum: 8, carry: end-around, complement: ones}, over: pid..data}
  idle: [0x00]
seq:
  - {id: sync, contents: [0x55]}
  - {id: pid, type: u1}
  - {id: data, size: 8}
  - {id: checksum, type: u1}
