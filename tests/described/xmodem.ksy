# XMODEM-CRC and XMODEM-1K (Forsberg, XMODEM/YMODEM Protocol Reference, 1986): blocks; EOT, NAK and C between them.
meta: {id: xmodem, endian: be}
-sigflow-stream:
  checksum: {field: crc, algorithm: CRC-16/XMODEM, over: data}
  sequence: {field: number}
  idle: [0x04, 0x06, 0x15, 0x43]
seq:
  - {id: head, type: u1, valid: {any-of: [1, 2]}}
  - {id: number, type: u1}
  - {id: complement, type: u1, valid: 255 - number}
  - {id: data, size: "head == 1 ? 128 : 1024"}
  - {id: crc, type: u2}
