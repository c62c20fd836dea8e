# A frame whose checksum and payload coding are nobody else's; see own_checksum.py.
meta: {id: own_checksum, endian: be}
-sigflow-stream:
  max-frame: 260
  checksum: {field: check, algorithm: rotating-xor, over: [magic..length, payload]}
seq:
  - {id: magic, contents: "OWN"}
  - {id: length, type: u1}
  - id: payload
    size: length
    -sigflow-codec: [{name: run-length}]
  - {id: check, type: u1}
