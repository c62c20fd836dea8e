# Windows bitmap.
meta:
  id: bmp
  title: BMP image
  file-extension: bmp
  license: MIT
  ks-version: "0.11"
  endian: le
doc: A file header, a bitmap header of one of several lengths, a palette, and rows from the bottom up.
seq:
  - {id: file_header, type: file_header}
  - {id: header, type: bitmap_header}
  - id: palette
    type: color
    repeat: expr
    repeat-expr: 'header.num_colors != 0 ? header.num_colors : 1 << header.bits_per_pixel'
    if: header.bits_per_pixel <= 8
instances:
  rows:
    pos: file_header.ofs_pixels
    size: len_row
    type: row
    repeat: expr
    repeat-expr: '(header.height < 0 ? -header.height : header.height)'
  len_row: {value: (header.width * header.bits_per_pixel + 31) / 32 * 4}
enums:
  compressions: {0: rgb, 1: rle8, 2: rle4, 3: bit_fields}
types:
  file_header:
    seq:
      - {id: magic, contents: BM}
      - {id: len_file, type: u4}
      - {id: reserved, type: u2, repeat: expr, repeat-expr: 2}
      - {id: ofs_pixels, type: s4}
  bitmap_header:
    seq:
      - {id: len_header, type: u4, valid: {any-of: [40, 108, 124]}}
      - {id: width, type: s4}
      - {id: height, type: s4}
      - {id: num_planes, type: u2, valid: 1}
      - {id: bits_per_pixel, type: u2}
      - {id: compression, type: u4, enum: compressions}
      - {id: len_image, type: u4}
      - {id: dots_per_meter_x, type: s4}
      - {id: dots_per_meter_y, type: s4}
      - {id: num_colors, type: u4}
      - {id: num_important, type: u4}
      - {id: masks, type: u4, repeat: expr, repeat-expr: 4, if: len_header >= 108}
      - {id: rest, size: len_header - 56, if: len_header >= 108}
  color:
    seq:
      - {id: b, type: u1}
      - {id: g, type: u1}
      - {id: r, type: u1}
      - {id: unused, type: u1}
    instances:
      grey: {value: (r * 299 + g * 587 + b * 114) / 1000}
  row:
    seq:
      - id: pixels
        type:
          switch-on: _root.header.bits_per_pixel
          cases:
            1: b1
            4: b4
            8: u1
            16: u2
            24: pixel24
            32: u4
        repeat: expr
        repeat-expr: _root.header.width
  pixel24:
    seq:
      - {id: b, type: u1}
      - {id: g, type: u1}
      - {id: r, type: u1}
