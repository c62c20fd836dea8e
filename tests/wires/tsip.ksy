# Trimble TSIP: DLE, id and data with doubled DLE, DLE ETX.
meta: {id: tsip}
-sigflow-stream:
  framing: {start: 0x10, end: [0x10, 0x03], stuffing: {double: 0x10}}
  max-frame: 1024
seq:
  - {id: packet, type: u1, valid: {min: 0x13}}
  - {id: data, size-eos: true}
