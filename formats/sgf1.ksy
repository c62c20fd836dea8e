# One telemetry frame with a magic, a bounded length and a checksum over everything but itself.
meta:
  id: sgf1
  title: SGF1 telemetry frame
  file-extension: sgf
  license: MIT
  ks-version: "0.11"
  endian: be
doc: |
  The wire frame of sigflow's own telemetry streams. A capture is any number of frames back to back, with whatever a
  damaged recording has put between them: a frame is found by its magic and believed when its CRC holds.

  The checksum covers the 22 header bytes that stand before it and then the payload. The sequence counts the frames of
  one stream id and wraps at 2^64; what is missing, doubled or out of order is told from it after framing.
doc-ref: docs/protocol.md#sgf1
-sigflow-stream:
  max-frame: 16777242 # 26 bytes of header and a payload of 16 MiB
  checksum:
    field: checksum
    algorithm: CRC-32/ISO-HDLC
    over: [magic..payload_length, payload]
  sequence: {field: sequence, per: stream_id}
-sigflow-examples:
  - hex: 53474631 01 00 00000007 0000000000000001 00000005 4adea440 616c706861
    expect: {version: 1, stream_id: 7, sequence: 1, payload_length: 5}
  - hex: 53474631 01 00 00000007 0000000000000002 00000000 d4f0add3
    expect: {version: 1, stream_id: 7, sequence: 2, payload_length: 0}
seq:
  - id: magic
    contents: SGF1
  - id: version
    type: u1
    doc: |
      1 today. Another value is decoded and noted, never refused: frames of older and newer agents must not be lost.
    -sigflow-note:
      if: version != 1
      code: unknown-version
      text: this frame says another version than 1
  - id: flags
    type: flags
  - id: stream_id
    type: u4
    doc: The stream this frame belongs to; sequence numbers are counted within it.
  - id: sequence
    type: u8
    doc: Counts the frames of its stream id by one and wraps at 2^64.
  - id: payload_length
    type: u4
    doc: Bytes of payload, which may be none. At most 16 MiB unless the user's frame limit says otherwise.
  - id: checksum
    type: u4
    doc: CRC-32/ISO-HDLC of the 22 bytes before this field, then of the payload as it is sent (still compressed).
  - id: payload
    size: payload_length
    doc: Inflated first where the flags say that it is compressed, then read as a TLV list where they say so.
    -sigflow-codec:
      - {name: zlib, if: flags.compressed}
      - {name: tlv, if: flags.encoding == payload_encoding::tlv}
types:
  flags:
    doc: How the payload is written. The reserved bits are kept and shown and are never a reason to refuse a frame.
    seq:
      - id: reserved
        type: b5
      - id: compressed
        type: b1
        doc: The payload is a zlib stream (RFC 1950).
      - id: encoding
        type: b2
        enum: payload_encoding
enums:
  payload_encoding:
    0:
      id: opaque
      doc: Bytes that mean nothing to sigflow.
    1:
      id: tlv
      doc: A TLV list, see the format `tlv`.
