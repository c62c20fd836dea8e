# MODBUS over Serial Line 1.02, 2.5.2: a colon, the message and its LRC in hexadecimal digits, CR LF.
meta: {id: modbus_ascii, encoding: ASCII}
-sigflow-stream:
  framing: {start: ":", end: "\r\n"}
  checksum: {field: lrc, encoding: hex, algorithm: lrc, over: {field: address..data, decode: hex}}
  max-frame: 515
seq:
  - {id: address, type: str, size: 2}
  - {id: function, type: str, size: 2}
  - {id: data, type: str, size: _io.size - 6}
  - {id: lrc, type: str, size: 2}
