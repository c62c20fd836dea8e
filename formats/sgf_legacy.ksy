# The header that came before SGF1: no magic, no checksum, no sequence.
meta:
  id: sgf_legacy
  title: Legacy telemetry record
  license: MIT
  ks-version: "0.11"
  endian: be
doc: |
  What agents sent before SGF1, accepted so that archives can be migrated. Nothing in a record marks where it begins and
  nothing checks it, so one is believed only where eight headers in a row fit together, and after damage a good record
  or a false one can be told apart by that alone. Records carry no sequence: they are known by their index.
doc-ref: docs/protocol.md#sgf_legacy
-sigflow-stream:
  max-frame: 16777222 # 6 bytes of header and a payload of 16 MiB
  confirm: {chain: 8}
-sigflow-examples:
  - hex: 0007 00000005 616c706861
    expect: {stream_id: 7, payload_length: 5}
  - hex: 0001 00000000
    expect: {stream_id: 1, payload_length: 0}
seq:
  - id: stream_id
    type: u2
  - id: payload_length
    type: u4
    doc: Bytes of payload, which may be none. At most 16 MiB unless the user's frame limit says otherwise.
  - id: payload
    size: payload_length
