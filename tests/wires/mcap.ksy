# MCAP (mcap.dev, Format specification): magic, records of opcode, length and body, the same magic again.
meta: {id: mcap, endian: le}
-sigflow-stream: {unit: record, preamble: true, trailer: true, max-frame: 16777216}
seq:
  - {id: magic, contents: [0x89, MCAP0, "\r\n"]}
  - {id: records, type: record, repeat: until, repeat-until: _.op == 2}
  - {id: magic_again, contents: [0x89, MCAP0, "\r\n"]}
types:
  record:
    seq:
      - {id: op, type: u1, valid: {min: 1, max: 15}}
      - {id: len_body, type: u8, valid: {max: 16777207}}
      - {id: body, size: len_body}
