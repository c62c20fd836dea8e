# 3GPP TS 27.010, 5.2.1, basic option: flags, address, control, length of one or two bytes, information, FCS (of UIH).
meta: {id: gsm0710, endian: le, bit-endian: le}
-sigflow-stream:
  checksum:
    field: fcs
    algorithm: {width: 8, poly: 0x07, init: 0xff, refin: true, refout: true, xorout: 0xff}
    over: address..length
seq:
  - {id: flag, contents: [0xf9]}
  - {id: address, type: u1, valid: {expr: _ & 1 == 1}}
  - {id: control, type: u1, valid: {any-of: [0xef, 0xff]}}
  - {id: length, type: u1, repeat: until, repeat-until: _ & 1 == 1 or _index == 1}
  - {id: information, size: "(length[0] >> 1) + (length.size > 1 ? length[1] << 7 : 0)"}
  - {id: fcs, type: u1}
  - {id: flag_again, contents: [0xf9]}
