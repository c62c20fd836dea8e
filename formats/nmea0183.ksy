# The ASCII sentences of marine and GNSS receivers.
meta:
  id: nmea0183
  title: NMEA 0183 sentence
  file-extension: nmea
  license: MIT
  ks-version: "0.11"
  encoding: ISO-8859-1 # decodes any byte, so that the checks below decide and not the decoder
doc: |
  `$` or, for encapsulated sentences such as AIS, `!`; comma-separated fields of printable ASCII, of which the first is the
  address (two letters of talker, three of sentence formatter, or `P` and a manufacturer); `*`, two hexadecimal digits, CR
  LF. A sentence without a checksum is no frame here: nothing would confirm it.

  The checksum is the XOR of all bytes between the start character and `*`; neither of these two is covered. The standard
  allows 82 characters, receivers send more; 1,024 are accepted here.
doc-ref: IEC 61162-1 (NMEA 0183 version 4), section 7
-sigflow-stream:
  sync: ["$", "!"]
  max-frame: 1024
  checksum: {field: checksum, encoding: hex, algorithm: xor-8, over: body}
  kind: body.address
-sigflow-examples:
  # $GPGLL,4916.45,N,12311.12,W,225444,A*31
  - hex: >-
      24 4750474c4c2c343931362e34352c4e2c31323331312e31322c572c3232353434342c41 2a 3331 0d0a
    expect: {start: "$", checksum: "31"}
  # !AIVDM,1,1,,,x,0*1F
  - hex: 21 414956444d2c312c312c2c2c782c30 2a 3146 0d0a
    expect: {start: "!", checksum: "1F"}
seq:
  - id: start
    type: str
    size: 1
    valid:
      any-of: ['"$"', '"!"']
  - id: body
    type: sentence
    terminator: 0x2a
    valid:
      expr: _.text.min >= 0x20 and _.text.max <= 0x7e
    doc: What stands between the start character and `*`, which is not part of it.
    -sigflow-max-size: 1019
    -sigflow-reason: not-ascii
  - id: checksum
    type: str
    size: 2
    doc: Two hexadecimal digits, the XOR of the body's bytes.
  - id: eol
    contents: [0x0d, 0x0a]
types:
  sentence:
    seq:
      - id: address
        type: str
        terminator: 0x2c
        eos-error: false
        valid:
          expr: text.length > 0
        doc: The text before the first comma. There is none in a body that is empty.
        -sigflow-reason: empty
      - id: fields
        type: str
        terminator: 0x2c
        eos-error: false
        repeat: expr
        repeat-expr: num_fields
        doc: What follows each comma, up to the next one. Empty fields count, the last one too.
    instances:
      text:
        pos: 0
        size-eos: true
        doc: The body as it was sent.
      pieces:
        pos: 0
        type: str
        terminator: 0x2c
        eos-error: false
        repeat: eos
        doc: The body cut after each comma; there is no piece after a comma that ends it.
      num_fields:
        value: 'text.last == 0x2c ? pieces.size : pieces.size - 1'
