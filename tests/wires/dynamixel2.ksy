# ROBOTIS Dynamixel Protocol 2.0: header, id, length of what follows, instruction, parameters, CRC-16 over all.
meta: {id: dynamixel2, endian: le}
-sigflow-stream:
  max-frame: 1024
  checksum: {field: crc, algorithm: CRC-16/UMTS, over: [header..parameters]}
seq:
  - {id: header, contents: [0xff, 0xff, 0xfd, 0x00]}
  - {id: id, type: u1}
  - {id: length, type: u2, valid: {min: 3}}
  - {id: instruction, type: u1}
  - {id: parameters, size: length - 3}
  - {id: crc, type: u2}
