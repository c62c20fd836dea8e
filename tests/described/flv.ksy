# Adobe Flash Video File Format 10.1, annex E: a header, a size of zero, then tags with their sizes behind them.
meta: {id: flv, endian: be}
-sigflow-stream: {unit: tag, preamble: true, kind: type, max-frame: 1048576, time: {field: time, unit: ms}}
seq:
  - {id: magic, contents: FLV}
  - {id: version, type: u1, valid: 1}
  - {id: flags, type: u1}
  - {id: len_header, type: u4, valid: 9}
  - {id: before_first, type: u4, valid: 0}
  - {id: tags, type: tag, repeat: eos}
types:
  tag:
    seq:
      - {id: type, type: u1, valid: {any-of: [8, 9, 18]}}
      - {id: len_body, type: b24}
      - {id: time_low, type: b24}
      - {id: time_high, type: u1}
      - {id: stream, type: b24, valid: 0}
      - {id: body, size: len_body}
      - {id: len_tag, type: u4, valid: len_body + 11}
    instances:
      time: {value: time_high << 24 | time_low}
