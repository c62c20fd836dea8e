# Graphics Interchange Format.
meta:
  id: gif
  title: GIF image
  file-extension: gif
  license: MIT
  ks-version: "0.11"
  endian: le
doc-ref: GIF89a specification, CompuServe 1990
seq:
  - {id: magic, contents: GIF}
  - {id: version, type: str, size: 3, encoding: ASCII, valid: {any-of: ['"87a"', '"89a"']}}
  - {id: screen, type: screen}
  - {id: palette, type: palette(screen.len_palette_log), if: screen.has_palette}
  - {id: blocks, type: block, repeat: until, repeat-until: _io.eof or _.kind == block_kinds::end}
enums:
  block_kinds: {0x21: extension, 0x2c: image, 0x3b: end}
  labels: {0xf9: control, 0xfe: comment, 0xff: application, 0x01: plain_text}
  disposals: {0: none, 1: keep, 2: background, 3: previous}
types:
  screen:
    seq:
      - {id: width, type: u2}
      - {id: height, type: u2}
      - {id: has_palette, type: b1}
      - {id: color_resolution, type: b3}
      - {id: is_sorted, type: b1}
      - {id: len_palette_log, type: b3}
      - {id: idx_background, type: u1}
      - {id: aspect, type: u1}
  palette:
    params:
      - {id: len_log, type: u1}
    seq:
      - {id: colors, type: color, repeat: expr, repeat-expr: 2 << len_log}
  color:
    seq:
      - {id: r, type: u1}
      - {id: g, type: u1}
      - {id: b, type: u1}
    to-string: 'f"#{r},{g},{b}"'
  block:
    seq:
      - {id: kind, type: u1, enum: block_kinds}
      - id: body
        type:
          switch-on: kind
          cases:
            block_kinds::extension: extension
            block_kinds::image: image
  image:
    seq:
      - {id: left, type: u2}
      - {id: top, type: u2}
      - {id: width, type: u2}
      - {id: height, type: u2}
      - {id: has_palette, type: b1}
      - {id: is_interlaced, type: b1}
      - {id: is_sorted, type: b1}
      - {id: reserved, type: b2}
      - {id: len_palette_log, type: b3}
      - {id: palette, type: palette(len_palette_log), if: has_palette}
      - {id: len_code_min, type: u1}
      - {id: data, type: sub_blocks}
  sub_block:
    seq:
      - {id: length, type: u1}
      - {id: bytes, size: length}
  sub_blocks:
    seq:
      - {id: entries, type: sub_block, repeat: until, repeat-until: _.length == 0}
    instances:
      num_used: {value: entries.size - 1}
  extension:
    seq:
      - {id: label, type: u1, enum: labels}
      - id: body
        type:
          switch-on: label
          cases:
            labels::control: control
            labels::application: application
            labels::comment: sub_blocks
            _: sub_blocks
  control:
    seq:
      - {id: length, type: u1, valid: 4}
      - {id: reserved, type: b3}
      - {id: disposal, type: b3, enum: disposals}
      - {id: waits, type: b1}
      - {id: is_transparent, type: b1}
      - {id: delay, type: u2}
      - {id: idx_transparent, type: u1}
      - {id: end, contents: [0]}
    instances:
      seconds: {value: delay / 100.0}
  application:
    seq:
      - {id: length, type: u1, valid: 11}
      - {id: name, type: str, size: 8, encoding: ASCII}
      - {id: code, size: 3}
      - {id: data, type: sub_blocks}
