# 2:25: error SF115: unknown key 'endianness', expected: application, bit-endian, encoding, endian, file-extension, id, imports, ks-debug, ks-opaque-types, ks-version, ks-zero-copy-substream, license, tags, title, xref, did you mean 'endian'?
meta: {id: key_of_meta, endianness: le}
