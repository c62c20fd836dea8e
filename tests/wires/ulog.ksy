# ULog (PX4 user guide, ULog File Format): a header, then messages of size, type and body.
meta: {id: ulog, endian: le}
-sigflow-stream: {unit: message, preamble: true, max-frame: 65538, kind: type}
seq:
  - {id: magic, contents: [U, L, o, g, 0x01, 0x12, 0x35]}
  - {id: version, type: u1}
  - {id: timestamp, type: u8}
  - {id: messages, type: message, repeat: eos}
types:
  message:
    seq:
      - {id: len_body, type: u2}
      - {id: type, type: u1, valid: {any-of: [0x42, 0x46, 0x49, 0x4d, 0x50, 0x51, 0x41, 0x52, 0x44, 0x4c, 0x43, 0x53, 0x4f]}}
      - {id: body, size: len_body}
