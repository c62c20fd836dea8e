# The binary protocol of u-blox GNSS receivers.
meta:
  id: ubx
  title: u-blox UBX frame
  file-extension: ubx
  license: MIT
  ks-version: "0.11"
  endian: le
doc: |
  Two sync characters, a class and an id that name the content, a length, the content and a Fletcher checksum. Receivers
  multiplex it with NMEA 0183 sentences on one line; scan for both formats then. What the payload means depends on class
  and id and is left as bytes here.

  The checksum is the 8-bit Fletcher algorithm of RFC 1145 over the bytes from the class to the end of the payload. Its
  running sums CK_A and CK_B are sent in this order, so that as one little-endian integer it is CK_A | CK_B << 8.
doc-ref: u-blox M8 Receiver Description Including Protocol Specification (UBX-13003221), section 32 "UBX Protocol"
-sigflow-stream:
  max-frame: 65543 # 8 bytes around a payload of at most 65,535
  checksum:
    field: checksum
    algorithm: fletcher-16-mod256
    over: msg_class..payload
  kind: msg_class << 8 | msg_id
-sigflow-examples:
  # a poll of CFG-PRT
  - hex: b562 06 00 0000 0618
    expect: {msg_class: 6, msg_id: 0, payload_length: 0}
  # ACK-ACK of CFG-MSG
  - hex: b562 05 01 0200 0601 0f38
    expect: {msg_class: 5, msg_id: 1, payload_length: 2}
seq:
  - id: sync
    contents: [0xb5, 0x62]
  - id: msg_class
    type: u1
    doc: 0x01 NAV, 0x02 RXM, 0x04 INF, 0x05 ACK, 0x06 CFG, 0x0a MON, 0x0d TIM, 0x10 ESF, …
  - id: msg_id
    type: u1
    doc: Which of the class's contents follows.
  - id: payload_length
    type: u2
    doc: Bytes of payload, which may be none.
  - id: payload
    size: payload_length
  - id: checksum
    type: u2
    doc: CK_A in the low byte, CK_B in the high one.
