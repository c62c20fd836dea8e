# ArduPilot DataFlash: two fixed bytes, a type, and as many bytes as the FMT message of the type says; here a fixed table.
meta: {id: dataflash, encoding: ASCII}
-sigflow-stream: {max-frame: 89}
seq:
  - {id: head, contents: [0xa3, 0x95]}
  - {id: type, type: u1, valid: {min: 0x80, max: 0x82}}
  - {id: body, size: "[89, 15, 17][type - 0x80] - 3"}
