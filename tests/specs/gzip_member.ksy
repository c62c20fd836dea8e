# One gzip member.
meta:
  id: gzip_member
  title: gzip member
  file-extension: gz
  license: MIT
  ks-version: "0.11"
  endian: le
doc-ref: RFC 1952
seq:
  - {id: magic, contents: [0x1f, 0x8b]}
  - {id: method, type: u1, enum: methods, valid: methods::deflate}
  - {id: flags, type: flags}
  - {id: modified, type: u4}
  - {id: extra_flags, type: u1}
  - {id: system, type: u1, enum: systems}
  - {id: extras, type: extras, if: flags.has_extra}
  - {id: name, terminator: 0, if: flags.has_name}
  - {id: comment, terminator: 0, if: flags.has_comment}
  - {id: header_crc, type: u2, if: flags.has_header_crc}
  - {id: body, size: _io.size - _io.pos - 8}
  - {id: crc, type: u4}
  - {id: len_unpacked, type: u4}
instances:
  name_text: {value: 'flags.has_name ? name.to_s("ISO-8859-1") : ""'}
enums:
  methods: {8: deflate}
  systems: {0: fat, 3: unix, 7: macintosh, 11: ntfs, 255: unknown}
types:
  flags:
    seq:
      - {id: reserved, type: b3}
      - {id: has_comment, type: b1}
      - {id: has_name, type: b1}
      - {id: has_extra, type: b1}
      - {id: has_header_crc, type: b1}
      - {id: is_text, type: b1}
  extras:
    seq:
      - {id: len_fields, type: u2}
      - {id: fields, size: len_fields, type: field_list}
  field_list:
    seq:
      - {id: fields, type: field, repeat: eos}
  field:
    seq:
      - {id: id, type: str, size: 2, encoding: ASCII}
      - {id: len_data, type: u2}
      - {id: data, size: len_data}
