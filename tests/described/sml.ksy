# BSI TR-03109-1, annex IV: SML transport protocol version 1; escapes of four bytes, padding, CRC-16/X-25 over all.
meta: {id: sml, endian: be}
-sigflow-stream:
  framing:
    start: [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1]
    end: [0x1b, 0x1b, 0x1b, 0x1b, 0x1a]
    stuffing: {double: [0x1b, 0x1b, 0x1b, 0x1b]}
    trailer: trailer
  checksum: {field: trailer.crc, algorithm: CRC-16/X-25, over: [_start, {raw: body}, _end, trailer.padding]}
seq:
  - {id: body, size-eos: true}
types:
  trailer:
    seq:
      - {id: padding, type: u1, valid: {max: 3}}
      - {id: crc, type: u2le}
