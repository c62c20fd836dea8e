# HDLC-like framing (RFC 1662): flags, escapes, address and control, and FCS-16 over all between the flags.
meta: {id: hdlc}
-sigflow-stream:
  framing: {delimiter: 0x7e, stuffing: hdlc}
  checksum: {field: fcs, algorithm: CRC-16/IBM-SDLC, over: address..information}
  max-frame: 4096
seq:
  - {id: address, type: u1}
  - {id: control, type: u1}
  - {id: information, size: _io.size - 4}
  - {id: fcs, type: u2le}
