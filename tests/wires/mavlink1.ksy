# MAVLink 1 (mavlink.io, Packet Serialization); the checksum ends with a byte that depends on the message (common.xml).
meta: {id: mavlink1, endian: le}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/MCRF4XX, over: [len_payload..payload, {expr: extra}]}
  sequence: {field: sequence, per: system}
seq:
  - {id: magic, contents: [0xfe]}
  - {id: len_payload, type: u1}
  - {id: sequence, type: u1}
  - {id: system, type: u1}
  - {id: component, type: u1}
  - {id: message, type: u1, valid: {expr: _ < 150 or (_ >= 230 and _ < 255)}}
  - {id: payload, size: len_payload}
  - {id: crc, type: u2}
instances:
  extra: {value: "message < 150 ? extra_low : extra_high"}
  extra_low:
    value: "[50, 124, 137, 0, 237, 217, 104, 119, 0, 0, 0, 89, 0, 0, 0, 0, 0, 0, 0, 0, 214, 159, 220, 168, 24, 23, 170, 144,
      67, 115, 39, 246, 185, 104, 237, 244, 222, 212, 9, 254, 230, 28, 28, 132, 221, 232, 11, 153, 41, 39, 78, 196, 0,
      0, 15, 3, 0, 0, 0, 0, 0, 167, 183, 119, 191, 118, 148, 21, 0, 243, 124, 0, 0, 38, 20, 158, 152, 143, 0, 0, 0,
      106, 49, 22, 143, 140, 5, 150, 0, 231, 183, 63, 54, 47, 0, 0, 0, 0, 0, 0, 175, 102, 158, 208, 56, 93, 138, 108,
      32, 185, 84, 34, 174, 124, 237, 4, 76, 128, 56, 116, 134, 237, 203, 250, 87, 203, 220, 25, 226, 46, 29, 223, 85,
      6, 229, 203, 1, 195, 109, 168, 181, 47, 72, 131, 127, 0, 103, 154, 178, 200][message]"
  extra_high:
    value: "[163, 105, 151, 35, 150, 179, 0, 0, 0, 0, 0, 90, 104, 85, 95, 130, 184, 81, 8, 204, 49, 170, 44, 83, 46][message - 230]"
