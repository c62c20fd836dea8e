# Bluetooth Core Specification 5.4, volume 4, part A (UART transport) and E, 5.4: packets with an indicator of their type.
meta: {id: hci, endian: le}
-sigflow-stream: {kind: type}
seq:
  - {id: type, type: u1, valid: {min: 1, max: 4}}
  - id: packet
    type: {switch-on: type, cases: {1: command, 2: acl, 3: sco, 4: event}}
types:
  command: {seq: [{id: opcode, type: u2}, {id: length, type: u1}, {id: parameters, size: length}]}
  acl: {seq: [{id: handle, type: u2, valid: {expr: _ & 0xfff <= 0xeff}}, {id: length, type: u2, valid: {max: 1021}}, {id: data, size: length}]}
  sco: {seq: [{id: handle, type: u2, valid: {max: 0xeff}}, {id: length, type: u1}, {id: data, size: length}]}
  event: {seq: [{id: code, type: u1, valid: {min: 1}}, {id: length, type: u1}, {id: parameters, size: length}]}
