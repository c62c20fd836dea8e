# Compiled message catalogues.
meta:
  id: gettext_mo
  title: gettext message catalogue
  file-extension: mo
  license: MIT
  ks-version: "0.11"
  encoding: UTF-8
doc-ref: GNU gettext manual, "The Format of GNU MO Files"
seq:
  - {id: magic, size: 4}
  - {id: body, type: body}
types:
  body:
    meta:
      endian:
        switch-on: _root.magic
        cases:
          '[0xde, 0x12, 0x04, 0x95]': le
          '[0x95, 0x04, 0x12, 0xde]': be
    seq:
      - {id: revision, type: u4, valid: {max: 1}}
      - {id: num_messages, type: u4}
      - {id: ofs_originals, type: u4}
      - {id: ofs_translations, type: u4}
      - {id: num_buckets, type: u4}
      - {id: ofs_buckets, type: u4}
    instances:
      originals: {pos: ofs_originals, type: descriptor, repeat: expr, repeat-expr: num_messages}
      translations: {pos: ofs_translations, type: descriptor, repeat: expr, repeat-expr: num_messages}
      buckets: {pos: ofs_buckets, type: u4, repeat: expr, repeat-expr: num_buckets, if: num_buckets > 0}
    types:
      descriptor:
        seq:
          - {id: length, type: u4}
          - {id: offset, type: u4}
        instances:
          text: {io: _root._io, pos: offset, size: length, type: str}
          plural: {io: _root._io, pos: offset, type: strz, if: length > 0}
          backwards: {value: plural.reverse, if: length > 0}
