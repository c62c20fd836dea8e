# COBS (Cheshire and Baker, 1999) between zeros; a CRC-32 behind the packet.
meta: {id: cobs}
-sigflow-stream:
  framing: {delimiter: 0, stuffing: cobs}
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: packet}
  max-frame: 4096
seq:
  - {id: packet, size: _io.size - 4}
  - {id: crc, type: u4le}
