# Mode-S Beast binary format (wiki.jetvision.de); the parity of DF 17 is a CRC-24 (ICAO Annex 10, volume IV, 3.1.2.3).
meta: {id: beast, endian: be, bit-endian: be}
-sigflow-stream:
  framing: {start: 0x1a, stuffing: {double: 0x1a}}
  checksum:
    field: long.parity
    algorithm: {width: 24, poly: 0xfff409, init: 0, refin: false, refout: false, xorout: 0}
    over: long.format..long.message
    if: type == 0x33 and long.format == 17
seq:
  - {id: type, type: u1, valid: {any-of: [0x31, 0x32, 0x33]}}
  - {id: time, type: b48}
  - {id: signal, type: u1}
  - {id: short, size: "type == 0x31 ? 2 : 7", if: type != 0x33}
  - {id: long, type: long, if: type == 0x33}
types:
  long:
    seq:
      - {id: format, type: b5}
      - {id: capability, type: b3}
      - {id: message, size: 10}
      - {id: parity, type: b24}
