# 7:23: error SF124: contents is a string or a list of bytes and strings, got 5
# 8:23: error SF124: contents is a string or a list of bytes and strings, got true
# 9:23: error SF124: contents is a string or a list of bytes and strings, got nothing
# 10:23: error SF124: contents is a string or a list of bytes and strings, got nothing
meta: {id: number}
seq:
  - {id: a, contents: 5}
  - {id: b, contents: true}
  - {id: c, contents: []}
  - {id: d, contents: ''}
