# 4:27: error SF124: contents is a string or a list of bytes and strings, got a map
meta: {id: contents}
seq:
  - {id: magic, contents: {hex: 5a}}
