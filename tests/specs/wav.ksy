# RIFF WAVE sound.
meta:
  id: wav
  title: WAVE sound
  file-extension: wav
  license: MIT
  ks-version: "0.11"
  endian: le
  encoding: ASCII
doc: A RIFF container of chunks, each padded to an even length.
doc-ref: Multimedia Programming Interface and Data Specifications 1.0
seq:
  - {id: magic, contents: RIFF}
  - {id: len_body, type: u4}
  - {id: body, size: len_body, type: body}
enums:
  codings: {1: pcm, 3: ieee_float, 6: a_law, 7: mu_law, 0xfffe: extensible}
types:
  body:
    seq:
      - {id: form, contents: WAVE}
      - {id: chunks, type: chunk, repeat: eos}
    instances:
      format: {value: 'chunks[0].body.as<format>'}
  chunk:
    seq:
      - {id: id, type: str, size: 4}
      - {id: len_body, type: u4}
      - id: body
        size: len_body
        type:
          switch-on: id
          cases:
            '"fmt "': format
            '"data"': samples
            '"LIST"': list
      - {id: padding, size: len_body % 2}
  format:
    seq:
      - {id: coding, type: u2, enum: codings}
      - {id: num_channels, type: u2, valid: {min: 1}}
      - {id: rate, type: u4}
      - {id: bytes_per_second, type: u4}
      - {id: len_block, type: u2}
      - {id: bits_per_sample, type: u2}
      - {id: extension, size-eos: true, if: not _io.eof}
  samples:
    seq:
      - {id: blocks, type: block, repeat: eos}
  block:
    seq:
      - id: channels
        type:
          switch-on: format.bits_per_sample
          cases:
            8: u1
            16: s2
            32: s4
        repeat: expr
        repeat-expr: format.num_channels
    instances:
      format: {value: _parent._parent._parent.format}
      loudest: {value: channels.max}
  list:
    seq:
      - {id: form, type: str, size: 4}
      - {id: items, type: item, repeat: eos}
  item:
    seq:
      - {id: id, type: str, size: 4}
      - {id: len_text, type: u4}
      - {id: text, type: strz, size: len_text}
      - {id: padding, size: len_text % 2, if: not _io.eof}
