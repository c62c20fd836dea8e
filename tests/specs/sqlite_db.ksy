# SQLite 3 databases: the header, the pages, and the cells of their b-trees.
meta:
  id: sqlite_db
  title: SQLite 3 database
  file-extension: [sqlite, db]
  license: MIT
  ks-version: "0.11"
  endian: be
doc-ref: https://www.sqlite.org/fileformat.html
seq:
  - {id: magic, contents: ["SQLite format 3", 0]}
  - {id: len_page_raw, type: u2}
  - {id: write_version, type: u1, enum: versions}
  - {id: read_version, type: u1, enum: versions}
  - {id: len_reserved, type: u1}
  - {id: max_fraction, type: u1, valid: 64}
  - {id: min_fraction, type: u1, valid: 32}
  - {id: leaf_fraction, type: u1, valid: 32}
  - {id: num_changes, type: u4}
  - {id: num_pages, type: u4}
  - {id: idx_free_page, type: u4}
  - {id: num_free_pages, type: u4}
  - {id: schema_cookie, type: u4}
  - {id: schema_format, type: u4}
  - {id: default_cache, type: u4}
  - {id: largest_root, type: u4}
  - {id: encoding, type: u4, enum: encodings}
  - {id: user_version, type: u4}
  - {id: is_incremental, type: u4}
  - {id: application_id, type: u4}
  - {id: reserved, size: 20}
  - {id: valid_for, type: u4}
  - {id: library_version, type: u4}
instances:
  len_page: {value: 'len_page_raw == 1 ? 65536 : len_page_raw'}
  pages:
    pos: 0
    size: len_page
    type: page(_index)
    repeat: expr
    repeat-expr: num_pages
enums:
  versions: {1: legacy, 2: wal}
  encodings: {1: utf8, 2: utf16le, 3: utf16be}
  page_types: {2: index_interior, 5: table_interior, 10: index_leaf, 13: table_leaf}
types:
  page:
    params:
      - {id: idx, type: u4}
    seq:
      - {id: file_header, size: 100, if: idx == 0}
      - {id: kind, type: u1, enum: page_types}
      - {id: ofs_free_block, type: u2}
      - {id: num_cells, type: u2}
      - {id: ofs_content, type: u2}
      - {id: num_fragmented, type: u1}
      - {id: right_page, type: u4, if: is_interior}
      - {id: cells, type: cell_pointer, repeat: expr, repeat-expr: num_cells}
    instances:
      is_interior: {value: kind == page_types::index_interior or kind == page_types::table_interior}
  cell_pointer:
    seq:
      - {id: ofs_cell, type: u2}
    instances:
      cell:
        pos: ofs_cell
        type:
          switch-on: _parent.kind
          cases:
            page_types::table_leaf: table_leaf
            page_types::table_interior: table_interior
            page_types::index_leaf: index_leaf
            page_types::index_interior: index_interior
  varint:
    doc: Seven bits a byte, the most significant first, at most four bytes here.
    seq:
      - {id: groups, type: group, repeat: until, repeat-until: not _.more or _index == 8}
    instances:
      last: {value: groups.size - 1}
      value:
        value: >-
          groups[last].bits
          + (last >= 1 ? groups[last - 1].bits << 7 : 0)
          + (last >= 2 ? groups[last - 2].bits << 14 : 0)
          + (last >= 3 ? groups[last - 3].bits << 21 : 0)
  group:
    seq:
      - {id: more, type: b1}
      - {id: bits, type: b7}
  table_leaf:
    seq:
      - {id: len_payload, type: varint}
      - {id: row, type: varint}
      - {id: payload, size: len_payload.value, type: record}
  table_interior:
    seq:
      - {id: left_page, type: u4}
      - {id: row, type: varint}
  index_leaf:
    seq:
      - {id: len_payload, type: varint}
      - {id: payload, size: len_payload.value, type: record}
  index_interior:
    seq:
      - {id: left_page, type: u4}
      - {id: body, type: index_leaf}
  record:
    seq:
      - {id: len_header, type: varint}
      - {id: header, size: len_header.value - len_header.groups.size, type: serials}
      - {id: values, type: 'column(header.types[_index].value)', repeat: expr, repeat-expr: header.types.size}
  serials:
    seq:
      - {id: types, type: varint, repeat: eos}
  column:
    params:
      - {id: serial, type: u4}
    seq:
      - id: content
        size: len_content
        if: serial >= 12
      - id: number
        if: serial >= 1 and serial <= 7
        type:
          switch-on: serial
          cases:
            1: s1
            2: s2
            3: b24
            4: s4
            5: b48
            6: s8
            7: f8
    instances:
      len_content: {value: '(serial - 12) / 2'}
      is_text: {value: serial >= 13 and serial % 2 == 1}
      text: {value: 'content.to_s("UTF-8")', if: is_text}
