# SLIP (RFC 1055): IPv4 packets between END bytes.
meta: {id: slip, endian: be}
-sigflow-stream:
  framing: {delimiter: 0xc0, stuffing: slip}
  max-frame: 4096
seq:
  - {id: version, type: b4, valid: 4}
  - {id: len_header, type: b4, valid: {min: 5}}
  - {id: service, type: u1}
  - {id: total_length, type: u2, valid: _io.size}
  - {id: rest, size-eos: true}
