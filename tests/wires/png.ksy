# PNG (ISO/IEC 15948), 5.3: a signature, then chunks with a CRC-32 over type and data.
meta: {id: png, endian: be, encoding: ASCII}
-sigflow-stream:
  unit: chunk
  preamble: true
  max-frame: 16777216
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: type..data}
seq:
  - {id: signature, contents: [0x89, PNG, "\r\n", 0x1a, "\n"]}
  - {id: chunks, type: chunk, repeat: eos}
types:
  chunk:
    seq:
      - {id: len_data, type: u4}
      - {id: type, type: str, size: 4}
      - {id: data, size: len_data}
      - {id: crc, type: u4}
