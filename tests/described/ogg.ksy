# RFC 3533, 6: Ogg pages with a table of lacing values; the CRC counts as zeros in the page that it covers.
meta: {id: ogg, endian: le}
-sigflow-stream:
  checksum:
    field: crc
    algorithm: {width: 32, poly: 0x04c11db7, init: 0, refin: false, refout: false, xorout: 0}
    over: magic..segments
    zeroed: true
  sequence: {field: page, per: serial}
seq:
  - {id: magic, contents: OggS}
  - {id: version, type: u1, valid: 0}
  - {id: flags, type: u1, valid: {max: 7}}
  - {id: granule, type: s8}
  - {id: serial, type: u4}
  - {id: page, type: u4}
  - {id: crc, type: u4}
  - {id: num_segments, type: u1}
  - {id: lacing, type: u1, repeat: expr, repeat-expr: num_segments}
  - {id: segments, size: "lacing[_index]", repeat: expr, repeat-expr: num_segments}
