# TrueType fonts: the table directory and the tables that describe the font.
meta:
  id: ttf
  title: TrueType font
  file-extension: ttf
  license: MIT
  ks-version: "0.11"
  endian: be
doc-ref: OpenType specification 1.9
seq:
  - {id: version, type: u4, valid: {any-of: [0x00010000, 0x74727565]}}
  - {id: num_tables, type: u2}
  - {id: search_range, type: u2}
  - {id: entry_selector, type: u2}
  - {id: range_shift, type: u2}
  - {id: tables, type: table, repeat: expr, repeat-expr: num_tables}
enums:
  platforms: {0: unicode, 1: macintosh, 2: iso, 3: microsoft}
types:
  fixed:
    seq:
      - {id: raw, type: s4}
    instances:
      value: {value: raw / 65536.0}
  table:
    seq:
      - {id: tag, type: str, size: 4, encoding: ASCII}
      - {id: checksum, type: u4}
      - {id: ofs_body, type: u4}
      - {id: len_body, type: u4}
    instances:
      body:
        io: _root._io
        pos: ofs_body
        size: len_body
        type:
          switch-on: tag
          cases:
            '"head"': head
            '"maxp"': maxp
            '"hhea"': hhea
            '"name"': name
            '"cmap"': cmap
            '"post"': post
            '"OS/2"': os2
  head:
    seq:
      - {id: version, type: fixed}
      - {id: revision, type: fixed}
      - {id: checksum_adjustment, type: u4}
      - {id: magic, contents: [0x5f, 0x0f, 0x3c, 0xf5]}
      - {id: flags, type: u2}
      - {id: units_per_em, type: u2, valid: {min: 16, max: 16384}}
      - {id: created, type: s8}
      - {id: modified, type: s8}
      - {id: box, type: box}
      - {id: style, type: style}
      - {id: smallest_ppem, type: u2}
      - {id: direction, type: s2}
      - {id: loca_format, type: s2}
      - {id: glyph_format, type: s2}
  box:
    seq:
      - {id: x_min, type: s2}
      - {id: y_min, type: s2}
      - {id: x_max, type: s2}
      - {id: y_max, type: s2}
    instances:
      width: {value: x_max - x_min}
      height: {value: y_max - y_min}
  style:
    seq:
      - {id: reserved, type: b9}
      - {id: extended, type: b1}
      - {id: condensed, type: b1}
      - {id: shadow, type: b1}
      - {id: outline, type: b1}
      - {id: underline, type: b1}
      - {id: italic, type: b1}
      - {id: bold, type: b1}
  maxp:
    seq:
      - {id: version, type: fixed}
      - {id: num_glyphs, type: u2}
      - {id: limits, type: u2, repeat: eos, if: version.raw == 0x10000}
  hhea:
    seq:
      - {id: version, type: fixed}
      - {id: ascent, type: s2}
      - {id: descent, type: s2}
      - {id: line_gap, type: s2}
      - {id: max_advance, type: u2}
      - {id: rest, size-eos: true}
  name:
    seq:
      - {id: format, type: u2}
      - {id: num_records, type: u2}
      - {id: ofs_strings, type: u2}
      - {id: records, type: name_record, repeat: expr, repeat-expr: num_records}
  name_record:
    seq:
      - {id: platform, type: u2, enum: platforms}
      - {id: encoding_id, type: u2}
      - {id: language, type: u2}
      - {id: name_id, type: u2}
      - {id: len_text, type: u2}
      - {id: ofs_text, type: u2}
    instances:
      raw:
        pos: _parent.ofs_strings + ofs_text
        size: len_text
      unicode:
        pos: _parent.ofs_strings + ofs_text
        size: len_text
        type: str
        encoding: UTF-16BE
        if: platform == platforms::microsoft or platform == platforms::unicode
  cmap:
    seq:
      - {id: version, type: u2}
      - {id: num_subtables, type: u2}
      - {id: subtables, type: cmap_entry, repeat: expr, repeat-expr: num_subtables}
  cmap_entry:
    seq:
      - {id: platform, type: u2, enum: platforms}
      - {id: encoding_id, type: u2}
      - {id: ofs_table, type: u4}
    instances:
      format: {pos: ofs_table, type: u2}
      segments: {pos: ofs_table, type: cmap4, if: format == 4}
  cmap4:
    seq:
      - {id: format, type: u2}
      - {id: length, type: u2}
      - {id: language, type: u2}
      - {id: num_segments_x2, type: u2}
      - {id: search, type: u2, repeat: expr, repeat-expr: 3}
      - {id: end_codes, type: u2, repeat: expr, repeat-expr: num_segments}
      - {id: reserved, type: u2, valid: 0}
      - {id: start_codes, type: u2, repeat: expr, repeat-expr: num_segments}
      - {id: deltas, type: s2, repeat: expr, repeat-expr: num_segments}
      - {id: range_offsets, type: u2, repeat: expr, repeat-expr: num_segments}
    instances:
      num_segments: {value: num_segments_x2 / 2}
  post:
    seq:
      - {id: version, type: fixed}
      - {id: italic_angle, type: fixed}
      - {id: underline_position, type: s2}
      - {id: underline_thickness, type: s2}
      - {id: fixed_pitch, type: u4}
      - {id: rest, size-eos: true}
  os2:
    seq:
      - {id: version, type: u2}
      - {id: average_width, type: s2}
      - {id: weight, type: u2}
      - {id: width, type: u2}
      - {id: rest, size-eos: true}
