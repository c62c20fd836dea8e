# The checksum lies inside what it covers and counts as zeros, as in IP; a header of a size that it states itself.
meta: {id: zeroed, endian: be}
-sigflow-stream:
  max-frame: 2000
  checksum: {field: checksum, algorithm: internet, over: version..options, zeroed: true}
  time: {field: stamp, unit: ms, epoch: '2000-01-01'}
seq:
  - {id: version, type: b4, valid: 4}
  - {id: words, type: b4, valid: {min: 4}}
  - {id: total, type: u2}
  - {id: checksum, type: u2}
  - {id: stamp, type: u4}
  - {id: options, size: words * 4 - 9}
  - {id: data, size: total - words * 4}
