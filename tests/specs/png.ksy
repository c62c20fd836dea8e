# Portable Network Graphics.
meta:
  id: png
  title: PNG image
  file-extension: png
  license: MIT
  ks-version: "0.11"
  endian: be
doc: A signature and a list of chunks, each with a CRC of its type and content.
doc-ref: RFC 2083
seq:
  - {id: signature, contents: [0x89, PNG, 0x0d, 0x0a, 0x1a, 0x0a]}
  - {id: len_header, type: u4, valid: 13}
  - {id: header_type, contents: IHDR}
  - {id: header, type: image_header}
  - {id: header_crc, type: u4}
  - {id: chunks, type: chunk, repeat: until, repeat-until: _.kind == "IEND" or _io.eof}
enums:
  color_types: {0: grey, 2: rgb, 3: indexed, 4: grey_alpha, 6: rgb_alpha}
  units: {0: unknown, 1: meter}
types:
  image_header:
    seq:
      - {id: width, type: u4, valid: {min: 1}}
      - {id: height, type: u4, valid: {min: 1}}
      - {id: bit_depth, type: u1, valid: {any-of: [1, 2, 4, 8, 16]}}
      - {id: color_type, type: u1, enum: color_types}
      - {id: compression, type: u1, valid: 0}
      - {id: filter, type: u1, valid: 0}
      - {id: interlace, type: u1, valid: {max: 1}}
    instances:
      has_alpha: {value: color_type == color_types::grey_alpha or color_type == color_types::rgb_alpha}
  chunk:
    seq:
      - {id: len_body, type: u4}
      - {id: kind, type: str, size: 4, encoding: ASCII}
      - id: body
        size: len_body
        type:
          switch-on: kind
          cases:
            '"PLTE"': palette
            '"gAMA"': gamma
            '"pHYs"': physical
            '"tEXt"': text
            '"zTXt"': compressed_text
            '"iTXt"': international_text
            '"tIME"': time
            '"bKGD"': background
      - {id: crc, type: u4}
    instances:
      is_critical: {value: 'kind.substring(0, 1) < "a"'}
  palette:
    seq:
      - {id: entries, type: rgb, repeat: eos}
  rgb:
    seq:
      - {id: r, type: u1}
      - {id: g, type: u1}
      - {id: b, type: u1}
  gamma:
    seq:
      - {id: raw, type: u4}
    instances:
      value: {value: raw / 100000.0}
  physical:
    seq:
      - {id: per_unit_x, type: u4}
      - {id: per_unit_y, type: u4}
      - {id: unit, type: u1, enum: units}
    instances:
      dots_per_inch: {value: per_unit_x * 0.0254, if: unit == units::meter}
  text:
    seq:
      - {id: keyword, type: strz, encoding: ISO-8859-1}
      - {id: text, type: str, size-eos: true, encoding: ISO-8859-1}
  compressed_text:
    seq:
      - {id: keyword, type: strz, encoding: ISO-8859-1}
      - {id: method, type: u1, valid: 0}
      - {id: text, size-eos: true, process: zlib, type: inflated}
  inflated:
    seq:
      - {id: text, type: str, size-eos: true, encoding: ISO-8859-1}
  international_text:
    seq:
      - {id: keyword, type: strz, encoding: ISO-8859-1}
      - {id: is_compressed, type: u1}
      - {id: method, type: u1}
      - {id: language, type: strz, encoding: ASCII}
      - {id: translated, type: strz, encoding: UTF-8}
      - {id: text, type: str, size-eos: true, encoding: UTF-8, if: is_compressed == 0}
  time:
    seq:
      - {id: year, type: u2}
      - {id: month, type: u1, valid: {min: 1, max: 12}}
      - {id: day, type: u1, valid: {expr: _ >= 1 and _ <= 31}}
      - {id: hour, type: u1}
      - {id: minute, type: u1}
      - {id: second, type: u1}
    to-string: 'f"{year}-{month}-{day}"'
  background:
    seq:
      - id: color
        type:
          switch-on: _root.header.color_type
          cases:
            color_types::indexed: u1
            color_types::grey: u2
            color_types::grey_alpha: u2
            color_types::rgb: rgb16
            color_types::rgb_alpha: rgb16
  rgb16:
    seq:
      - {id: values, type: u2, repeat: expr, repeat-expr: 3}
