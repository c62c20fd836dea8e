# A frame type with an argument, which no size depends on: its measure is as simple as if it had none.
meta:
  id: argument
  endian: be
-sigflow-stream:
  unit: frame(3)
  max-frame: 1024
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: [kind, body]}
seq:
  - {id: frames, type: frame(3), repeat: eos}
types:
  frame:
    params:
      - {id: level, type: u1}
    seq:
      - {id: magic, contents: [0x61, 0x72]}
      - {id: kind, type: u1}
      - {id: length, type: u2}
      - {id: body, size: length}
      - {id: crc, type: u4}
    instances:
      above: {value: level + kind}
