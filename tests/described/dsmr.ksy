# DSMR P1 Companion Standard 5.0.2, 5.2 and 6.2: telegrams between "/" and "!", CRC-16/ARC over both in hexadecimal.
meta: {id: dsmr, encoding: ASCII}
-sigflow-stream:
  framing: {start: "/", end: "!", trailer: trailer}
  checksum: {field: trailer.crc, encoding: hex, algorithm: CRC-16/ARC, over: [_start, identification..lines, _end]}
  max-frame: 8192
seq:
  - {id: identification, type: str, terminator: 0x0d}
  - {id: blank, contents: "\n\r\n"}
  - {id: lines, type: line, repeat: eos}
types:
  line: {seq: [{id: text, type: str, terminator: 0x0d}, {id: feed, contents: "\n"}]}
  trailer: {seq: [{id: crc, type: str, size: 4}, {id: feed, contents: "\r\n"}]}
