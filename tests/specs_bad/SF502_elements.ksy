# 8:20: error SF502: the checksums of a whole frame stand under `-sigflow-stream`
# 13:5: error SF502: 'masked' is processed: what is checked in it does not stand in the frame as it is
# 16:74: error SF502: `scope`: expected `frame` or `record`
# 19:61: error SF508: unknown field 'dota', did you mean 'data'?
# 22:24: error SF502: no frame holds an element of type 'elements_bad::nowhere'
meta: {id: elements_bad, endian: be}
-sigflow-stream: {max-frame: 100}
-sigflow-checksum: {field: n, algorithm: sum-8, over: magic}
seq:
  - {id: magic, contents: SYNCHRONOUS}
  - {id: n, type: u1}
  - {id: items, type: item, repeat: expr, repeat-expr: n}
  - {id: masked, type: hidden, size: 2, process: xor(1)}
types:
  item:
    -sigflow-checksum: {field: sum, algorithm: sum-8, over: data, scope: stream}
    seq: [{id: data, type: u1}, {id: sum, type: u1}]
  hidden:
    -sigflow-checksum: {field: sum, algorithm: sum-8, over: dota}
    seq: [{id: data, type: u1}, {id: sum, type: u1}]
  nowhere:
    -sigflow-checksum: {field: sum, algorithm: sum-8, over: data}
    seq: [{id: data, type: u1}, {id: sum, type: u1}]
