# The packet in which most spacecraft send telemetry and receive commands.
meta:
  id: ccsds_space_packet
  title: CCSDS space packet
  license: MIT
  ks-version: "0.11"
  endian: be
doc: |
  A six-byte primary header and a data field. There is neither a marker nor a checksum: in a spacecraft they belong to the
  layers below. A packet is therefore believed where twelve headers in a row fit together. The packet version is the only
  constant (three zero bits), which is why the chain has to be that long.

  Packets of one application process (APID) are counted modulo 16,384.
doc-ref: CCSDS 133.0-B-2, Space Packet Protocol, section 4.1
-sigflow-stream:
  max-frame: 65542 # 6 bytes of header and 65,536 of data
  confirm: {chain: 12}
  sequence: {field: sequence_count, per: apid}
  kind: apid
-sigflow-examples:
  - hex: 080b c001 0003 01020304
    expect: {version: 0, apid: 11, sequence_count: 1, data_length: 3}
seq:
  - id: version
    type: b3
    valid: 0
    doc: Packet version number; 0 is the only one defined.
  - id: packet_type
    type: b1
    enum: packet_types
  - id: has_secondary_header
    type: b1
    doc: The data field begins with a secondary header, whose layout is the mission's own.
  - id: apid
    type: b11
    doc: Application process identifier; 2047 marks idle packets.
  - id: sequence_flags
    type: b2
    enum: segments
  - id: sequence_count
    type: b14
    doc: Counts the packets of one APID, modulo 16,384.
  - id: data_length
    type: u2
    doc: Bytes of the data field, less one.
  - id: data
    size: data_length + 1
    doc: Secondary header, where there is one, and user data; never empty.
enums:
  packet_types:
    0: telemetry
    1: telecommand
  segments:
    0: continuation
    1: first
    2: last
    3: unsegmented
