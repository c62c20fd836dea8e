# HL7 MLLP (Transport Specification): VT, the message, FS and CR.
meta: {id: mllp, encoding: UTF-8}
-sigflow-stream:
  framing: {start: 0x0b, end: [0x1c, 0x0d]}
seq:
  - {id: header, contents: MSH}
  - {id: segments, type: segment, repeat: eos}
types:
  segment: {seq: [{id: text, type: str, terminator: 0x0d}]}
