# SIA OSDP 2.2 (IEC 60839-11-5), 5.9: bit 2 of the control byte says whether a CRC-16 ends the packet or a sum.
meta: {id: osdp, endian: le}
-sigflow-stream:
  checksum:
    - {field: crc, algorithm: CRC-16/SPI-FUJITSU, over: som..data, if: has_crc}
    - {field: sum, algorithm: {sum: 8, complement: twos}, over: som..data, if: not has_crc}
  idle: [0xff]
seq:
  - {id: som, contents: [0x53]}
  - {id: address, type: u1}
  - {id: length, type: u2, valid: {min: 7, max: 1440}}
  - {id: control, type: u1, valid: {max: 15}}
  - {id: data, size: "length - 5 - (has_crc ? 2 : 1)"}
  - {id: crc, type: u2, if: has_crc}
  - {id: sum, type: u1, if: not has_crc}
instances:
  has_crc: {value: control & 4 != 0}
