# MQTT 3.1.1 (OASIS), 2.2: control packets with a remaining length of one to four bytes.
meta: {id: mqtt, endian: be}
-sigflow-stream: {max-frame: 65536, kind: type}
seq:
  - {id: type, type: b4, valid: {min: 1, max: 14}}
  - {id: flags, type: b4, valid: {expr: "type == 3 or _ == (type == 6 or type == 8 or type == 10 ? 2 : 0)"}}
  - {id: sizes, type: u1, repeat: until, repeat-until: _ < 0x80 or _index == 3}
  - {id: body, size: length}
instances:
  length:
    value: "(sizes[0] & 0x7f) + (sizes.size > 1 ? (sizes[1] & 0x7f) << 7 : 0) +
      (sizes.size > 2 ? (sizes[2] & 0x7f) << 14 : 0) + (sizes.size > 3 ? (sizes[3] & 0x7f) << 21 : 0)"
