# 7:24: error SF502: elements are checked in the frames of a `-sigflow-stream`
meta: {id: elements_of_a_file, endian: be}
seq:
  - {id: items, type: item, repeat: eos}
types:
  item:
    -sigflow-checksum: {field: sum, algorithm: sum-8, over: data}
    seq: [{id: data, type: u1}, {id: sum, type: u1}]
