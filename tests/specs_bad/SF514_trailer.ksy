# 4:56: error SF514: a trailer has a fixed size, 'trailer::crc' has none
meta: {id: trailer}
-sigflow-stream:
  framing: {start: 2, end: 3, stuffing: none, trailer: crc}
seq:
  - {id: a, type: u1}
types:
  crc: {seq: [{id: a, terminator: 0}]}
