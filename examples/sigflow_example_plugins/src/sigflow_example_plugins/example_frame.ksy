meta: {id: example_frame, title: A frame of the example package, endian: be}
-sigflow-stream:
  max-frame: 300
  checksum: {field: check, algorithm: example-rotate, over: [magic..size, body]}
  sequence: {field: number}
  payload: body
seq:
  - {id: magic, contents: [0xe5, 0x5e]}
  - {id: number, type: u1, doc: Counts the frames.}
  - {id: kind, type: u1, enum: kinds}
  - {id: size, type: u1}
  - id: body
    size: size
    -sigflow-codec: [{name: example-rle}]
  - {id: check, type: u1}
enums:
  kinds: {0: status, 1: data}
