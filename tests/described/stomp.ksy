# STOMP 1.2 (stomp.github.io): command, headers, an empty line, a body, NUL; here none in bodies.
# Newlines that keep the connection alive stand before the command: a unit begins behind the NUL, not behind idle bytes.
meta: {id: stomp, encoding: UTF-8}
-sigflow-stream:
  framing: {delimiter: 0}
  idle: ["\n", "\r\n"]
  max-frame: 65536
seq:
  - {id: lines, type: str, terminator: 0x0a, repeat: until, repeat-until: _ != "",
      valid: {any-of: ['""', '"SEND"', '"MESSAGE"', '"CONNECTED"', '"ERROR"', '"RECEIPT"']}}
  - {id: headers, type: str, terminator: 0x0a, repeat: until, repeat-until: _ == ""}
  - {id: body, type: str, size-eos: true}
