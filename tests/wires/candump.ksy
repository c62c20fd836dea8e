# can-utils log format (candump -l): (seconds.microseconds) interface id#data, one frame a line.
meta: {id: candump, encoding: ASCII}
-sigflow-stream:
  framing: {delimiter: "\n", last: open}
  max-frame: 256
seq:
  - {id: opening, contents: "("}
  - {id: time, type: str, terminator: 0x29}
  - {id: space, contents: " "}
  - {id: interface, type: str, terminator: 0x20, valid: {expr: _.length > 0}}
  - {id: can_id, type: str, terminator: 0x23, valid: {expr: _.length == 3 or _.length == 8}}
  - {id: data, type: str, size-eos: true}
