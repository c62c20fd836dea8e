# KISS (Chepponis and Karn, 1987): SLIP, a byte of port and command, an AX.25 frame; no checksum.
meta: {id: kiss}
-sigflow-stream:
  framing: {delimiter: 0xc0, stuffing: slip}
  max-frame: 1024
seq:
  - {id: port, type: b4}
  - {id: command, type: b4, valid: 0}
  - {id: destination, size: 7}
  - {id: source, size: 7}
  - {id: rest, size-eos: true}
