# Windows icons: a directory of images, each a PNG file or a bitmap without its file header.
meta:
  id: ico
  title: ICO icon
  file-extension: ico
  license: MIT
  ks-version: "0.11"
  endian: le
  imports:
    - png
    - bmp
seq:
  - {id: reserved, contents: [0, 0]}
  - {id: kind, type: u2, enum: kinds, valid: {in-enum: true}}
  - {id: num_images, type: u2}
  - {id: images, type: image, repeat: expr, repeat-expr: num_images}
enums:
  kinds: {1: icon, 2: cursor}
types:
  image:
    seq:
      - {id: width_raw, type: u1}
      - {id: height_raw, type: u1}
      - {id: num_colors, type: u1}
      - {id: reserved, type: u1}
      - {id: num_planes, type: u2}
      - {id: bits_per_pixel, type: u2}
      - {id: len_body, type: u4}
      - {id: ofs_body, type: u4}
    instances:
      width: {value: 'width_raw == 0 ? 256 : width_raw'}
      height: {value: 'height_raw == 0 ? 256 : height_raw'}
      start: {pos: ofs_body, size: 8}
      is_png: {value: 'start == [137, 80, 78, 71, 13, 10, 26, 10]'}
      as_png: {pos: ofs_body, size: len_body, type: png, if: is_png}
      bitmap: {pos: ofs_body, size: len_body, type: 'bmp::bitmap_header', if: not is_png}
