# SLIP (RFC 1055) with a CRC-16 behind the packet.
meta: {id: slip_crc}
-sigflow-stream:
  framing: {delimiter: 0xc0, stuffing: slip}
  checksum: {field: crc, algorithm: CRC-16/MODBUS, over: packet}
  max-frame: 4096
seq:
  - {id: packet, size: _io.size - 2}
  - {id: crc, type: u2le}
