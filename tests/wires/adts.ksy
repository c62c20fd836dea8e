# ISO/IEC 13818-7, 6.2: ADTS frames; no checksum where protection_absent is set.
meta: {id: adts, endian: be, bit-endian: be}
-sigflow-stream: {max-frame: 8191, confirm: {chain: 4}}
seq:
  - {id: sync, type: b12, valid: 0xfff}
  - {id: version, type: b1}
  - {id: layer, type: b2, valid: 0}
  - {id: protection_absent, type: b1, valid: true}
  - {id: profile, type: b2}
  - {id: frequency, type: b4, valid: {max: 12}}
  - {id: private, type: b1}
  - {id: channels, type: b3}
  - {id: flags, type: b4}
  - {id: length, type: b13, valid: {min: 8}}
  - {id: fullness, type: b11}
  - {id: blocks, type: b2}
  - {id: body, size: length - 7}
