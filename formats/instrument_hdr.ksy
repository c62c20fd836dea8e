# A text header of KEY:VALUE lines in any order, then binary payload and its CRC, as laboratory instruments send it.
meta:
  id: instrument_hdr
  title: Instrument frame with a text header
  file-extension: hdr
  license: MIT
  ks-version: "0.11"
  encoding: ASCII
  endian: be
doc: |
  The header begins with the line `*HDR`, ends with a line that is exactly `;END` and is at most 4,096 bytes long; lines end
  with CR LF and hold `KEY:VALUE` in printable ASCII. Two keys are the format's own: `LEN`, the payload's bytes (1 to 8
  decimal digits, 1 to 10,000,000), which must be there, and `ENDIAN`, the byte order of the payload's numbers (`L` or
  `B`, else `L`). All others are metadata and are kept in order. Keys are case-sensitive, spaces belong to the value, and
  no key comes twice.

  The checksum covers the payload alone: a flipped bit in the header can go unseen.

  Kaitai has no variables, so each line hands on what the lines up to it have said: its `len` and `order` are those of
  the nearest `LEN` and `ENDIAN` line at or before it, and the last line knows both.
doc-ref: docs/protocol.md#instrument_hdr
-sigflow-stream:
  max-frame: 10004100 # 4,096 bytes of header, 10,000,000 of payload, 4 of checksum
  checksum: {field: checksum, algorithm: CRC-32/ISO-HDLC, over: payload}
  byte-order: byte_order
-sigflow-examples:
  # *HDR, DEV:OSC-4000, MODE:RAW_ACQ, ENDIAN:L, LEN:4, ;END
  - hex: >-
      2a4844520d0a 4445563a4f53432d343030300d0a 4d4f44453a5241575f4143510d0a 454e4449414e3a4c0d0a 4c454e3a340d0a
      3b454e440d0a 01000200 abcedafb
    expect: {byte_order: L, checksum: 0xabcedafb}
  # *HDR, LEN:1, ;END
  - hex: 2a4844520d0a 4c454e3a310d0a 3b454e440d0a 41 d3d99e8b
    expect: {byte_order: L, checksum: 0xd3d99e8b}
seq:
  - id: marker
    contents: "*HDR\r\n"
  - id: lines
    type: 'line(_index == 0 ? 0 : lines[_index - 1].len, _index == 0 ? "L" : lines[_index - 1].order)'
    repeat: until
    repeat-until: _.is_end
    doc: The header's lines in order; the last one is `;END`.
    -sigflow-max-size: 4090
    -sigflow-unique: '_.is_end ? "" : _.text.key'
    -sigflow-metadata:
      key: _.text.key
      value: _.text.value.to_s("ASCII")
      if: not _.is_end
      derived: {LEN: payload.size}
      last: ;END
    -sigflow-reason: header-too-long
  - id: length_known
    size: 0
    valid:
      expr: lines.last.len >= 1 and lines.last.len <= 10000000
    doc: No bytes, only the check that the header has said a length.
    -sigflow-reason: bad-length
  - id: order_known
    size: 0
    valid:
      expr: lines.last.order == "L" or lines.last.order == "B"
    doc: No bytes, only the check that the byte order is one of the two.
    -sigflow-reason: bad-endian
  - id: payload
    size: lines.last.len
    doc: Numbers in the byte order that the header declares.
  - id: checksum
    type: u4
    doc: CRC-32/ISO-HDLC of the payload, big-endian whatever ENDIAN says.
instances:
  byte_order:
    value: lines.last.order
    doc: '`L` or `B`, the byte order of the numbers in the payload.'
types:
  line:
    params:
      - id: len_before
        type: u4
      - id: order_before
        type: str
    seq:
      - id: text
        type: pair
        terminator: 13
      - id: line_feed
        type: u1
        valid:
          expr: _ == 10 and (is_end or text.key.length > 0 and text.size > text.key.length)
        doc: Ends a line, which must be `;END` or hold a key and a colon.
        -sigflow-default: 10
        -sigflow-reason: bad-line
    instances:
      is_end:
        value: text.size == 4 and text.key == ";END"
      is_number:
        value: >-
          text.value.length >= 1 and text.value.length <= 8 and text.value.min >= 0x30 and text.value.max <= 0x39
        doc: The value is 1 to 8 decimal digits.
      len:
        value: 'text.key != "LEN" ? len_before : is_number ? text.value.to_s("ASCII").to_i : 0'
        doc: The payload's length as far as it is known here; 0 for none, or none that can be read.
      order:
        value: 'text.key == "ENDIAN" ? text.value.to_s("ASCII") : order_before'
        doc: The payload's byte order as far as it is known here.
  pair:
    seq:
      - id: key_bytes
        terminator: 0x3a
        eos-error: false
        valid:
          expr: _.length == 0 or (_.min >= 0x20 and _.max <= 0x7e)
        -sigflow-reason: not-ascii
      - id: value
        size-eos: true
        valid:
          expr: _.length == 0 or (_.min >= 0x20 and _.max <= 0x7e)
        -sigflow-reason: not-ascii
    instances:
      key:
        value: key_bytes.to_s("ASCII")
      size:
        value: _io.size
