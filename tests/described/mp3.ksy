# ISO/IEC 11172-3, 2.4.1.3: MPEG-1 layer III frames; bit rate, sampling frequency and padding give the length.
meta: {id: mp3, endian: be, bit-endian: be}
-sigflow-stream: {confirm: {chain: 4}}
seq:
  - {id: sync, type: b11, valid: 0x7ff}
  - {id: version, type: b2, valid: 3}
  - {id: layer, type: b2, valid: 1}
  - {id: no_crc, type: b1}
  - {id: rate, type: b4, valid: {min: 1, max: 14}}
  - {id: frequency, type: b2, valid: {max: 2}}
  - {id: padding, type: b1}
  - {id: private, type: b1}
  - {id: mode, type: b8}
  - {id: body, size: "144000 * [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320][rate]
      / [44100, 48000, 32000][frequency] + padding.to_i - 4"}
