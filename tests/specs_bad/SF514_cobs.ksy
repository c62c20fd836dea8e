# 3:56: error SF514: cobs keeps zeros out of a unit: its delimiter is 0
meta: {id: cobs}
-sigflow-stream: {framing: {delimiter: 0xc0, stuffing: cobs}}
seq:
  - {id: a, type: u1}
  - {id: b, size-eos: true}
