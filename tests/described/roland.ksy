# MIDI 1.0 Detailed Specification, system exclusive; Roland's data set 1 with a checksum of seven bits.
meta: {id: roland, endian: be}
-sigflow-stream:
  framing: {start: 0xf0, end: 0xf7}
  checksum: {field: sum, algorithm: {sum: 8, complement: twos, mask: 0x7f}, over: address..data}
  idle: [0xf8, 0xfe]
  max-frame: 1024
seq:
  - {id: maker, contents: [0x41]}
  - {id: device, type: u1, valid: {max: 127}}
  - {id: model, size: 3}
  - {id: command, contents: [0x12]}
  - {id: address, type: u4}
  - {id: data, size: _io.size - 11}
  - {id: sum, type: u1, valid: {max: 127}}
