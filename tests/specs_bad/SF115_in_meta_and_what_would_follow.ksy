# 3:31: error SF115: unknown key 'endain', expected: application, bit-endian, encoding, endian, file-extension, id, imports, ks-debug, ks-opaque-types, ks-version, ks-zero-copy-substream, license, tags, title, xref, did you mean 'endian'?
# 3:43: error SF115: unknown key 'encodign', expected: application, bit-endian, encoding, endian, file-extension, id, imports, ks-debug, ks-opaque-types, ks-version, ks-zero-copy-substream, license, tags, title, xref, did you mean 'encoding'?
meta: {id: what_would_follow, endain: le, encodign: ASCII}
seq:
  - {id: a, type: u2}
  - {id: b, type: strz}
