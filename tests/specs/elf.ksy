# Executable and Linkable Format; both word sizes, both byte orders.
meta:
  id: elf
  title: Executable and Linkable Format
  file-extension: [elf, so, o]
  license: MIT
  ks-version: "0.11"
doc: Programs, libraries and object files of Unix systems. Byte order and word size are told by the first bytes.
doc-ref: System V Application Binary Interface, chapter 4
seq:
  - {id: magic, contents: [0x7f, ELF]}
  - {id: word_size, type: u1, enum: word_sizes, valid: {in-enum: true}}
  - {id: byte_order, type: u1, enum: byte_orders}
  - {id: header_version, type: u1, valid: 1}
  - {id: abi, type: u1, enum: abis}
  - {id: abi_version, type: u1}
  - {id: padding, size: 7}
  - {id: body, type: body}
enums:
  word_sizes: {1: bits32, 2: bits64}
  byte_orders: {1: little, 2: big}
  abis: {0: system_v, 1: hp_ux, 2: netbsd, 3: gnu, 6: solaris, 9: freebsd}
  kinds: {0: none, 1: relocatable, 2: executable, 3: shared, 4: core}
  machines: {0: none, 2: sparc, 3: x86, 8: mips, 20: powerpc, 21: powerpc64, 22: s390, 40: arm, 62: x86_64, 183: aarch64, 243: riscv}
  segment_types:
    0: none
    1: load
    2: dynamic
    3: interpreter
    4: note
    6: program_headers
    7: tls
    0x6474e550: gnu_eh_frame
    0x6474e551: gnu_stack
    0x6474e552: gnu_relro
    0x6474e553: gnu_property
  section_types:
    0: none
    1: program
    2: symbols
    3: strings
    4: rela
    5: hash
    6: dynamic
    7: note
    8: no_bits
    9: rel
    11: dynamic_symbols
    14: init_array
    15: fini_array
    0x6ffffff6: gnu_hash
    0x6ffffffe: gnu_version_needs
    0x6fffffff: gnu_version_symbols
types:
  body:
    meta:
      endian:
        switch-on: _root.byte_order
        cases:
          byte_orders::little: le
          byte_orders::big: be
    seq:
      - {id: kind, type: u2, enum: kinds}
      - {id: machine, type: u2, enum: machines}
      - {id: version, type: u4}
      - {id: entry, type: word}
      - {id: ofs_segments, type: word}
      - {id: ofs_sections, type: word}
      - {id: flags, type: u4}
      - {id: len_header, type: u2}
      - {id: len_segment, type: u2}
      - {id: num_segments, type: u2}
      - {id: len_section, type: u2}
      - {id: num_sections, type: u2}
      - {id: idx_names, type: u2}
    instances:
      segments:
        pos: ofs_segments.value
        size: len_segment
        type: segment
        repeat: expr
        repeat-expr: num_segments
      sections:
        pos: ofs_sections.value
        size: len_section
        type: section
        repeat: expr
        repeat-expr: num_sections
      names:
        pos: sections[idx_names].offset.value
        size: sections[idx_names].length.value
        if: idx_names != 0 and num_sections > idx_names
    types:
      word:
        doc: Four or eight bytes, as the file's header says.
        seq:
          - id: raw
            type:
              switch-on: _root.word_size
              cases:
                word_sizes::bits32: u4
                word_sizes::bits64: u8
        instances:
          value: {value: raw.as<u8>}
        to-string: 'raw.as<u8>.to_s'
      segment_flags:
        params:
          - {id: value, type: u4}
        instances:
          execute: {value: value & 1 != 0}
          write: {value: value & 2 != 0}
          read: {value: value & 4 != 0}
          text: {value: '(read ? "r" : "-") + (write ? "w" : "-") + (execute ? "x" : "-")'}
      segment:
        seq:
          - {id: kind, type: u4, enum: segment_types}
          - {id: flags_64, type: u4, if: _root.word_size == word_sizes::bits64}
          - {id: offset, type: word}
          - {id: virtual_address, type: word}
          - {id: physical_address, type: word}
          - {id: len_file, type: word}
          - {id: len_memory, type: word}
          - {id: flags_32, type: u4, if: _root.word_size == word_sizes::bits32}
          - {id: align, type: word}
          - {id: flags, type: 'segment_flags(_root.word_size == word_sizes::bits64 ? flags_64 : flags_32)'}
        instances:
          interpreter:
            io: _root._io
            pos: offset.value
            size: len_file.value
            type: strz
            encoding: ASCII
            if: kind == segment_types::interpreter
      section:
        seq:
          - {id: ofs_name, type: u4}
          - {id: kind, type: u4, enum: section_types}
          - {id: flags, type: word}
          - {id: address, type: word}
          - {id: offset, type: word}
          - {id: length, type: word}
          - {id: link, type: u4}
          - {id: info, type: u4}
          - {id: align, type: word}
          - {id: len_entry, type: word}
        instances:
          name:
            io: _root._io
            pos: _parent.sections[_parent.idx_names].offset.value + ofs_name
            type: strz
            encoding: ASCII
            if: _parent.idx_names != 0
          content:
            io: _root._io
            pos: offset.value
            size: length.value
            if: kind != section_types::no_bits
            type:
              switch-on: kind
              cases:
                section_types::strings: string_table
                section_types::symbols: symbol_table
                section_types::dynamic_symbols: symbol_table
                section_types::dynamic: dynamic_table
                section_types::note: note_list
      string_table:
        seq:
          - {id: entries, type: strz, encoding: UTF-8, repeat: eos}
      symbol_table:
        seq:
          - {id: entries, type: symbol, repeat: eos}
      symbol:
        seq:
          - {id: ofs_name, type: u4}
          - {id: value_32, type: u4, if: not is_64}
          - {id: length_32, type: u4, if: not is_64}
          - {id: bind, type: b4}
          - {id: kind, type: b4}
          - {id: other, type: u1}
          - {id: idx_section, type: u2}
          - {id: value_64, type: u8, if: is_64}
          - {id: length_64, type: u8, if: is_64}
        instances:
          is_64: {value: _root.word_size == word_sizes::bits64}
      dynamic_table:
        seq:
          - {id: entries, type: dynamic_entry, repeat: until, repeat-until: _.tag.value == 0 or _io.eof}
      dynamic_entry:
        seq:
          - {id: tag, type: word}
          - {id: value, type: word}
      note_list:
        seq:
          - {id: notes, type: note, repeat: eos}
      note:
        seq:
          - {id: len_name, type: u4}
          - {id: len_description, type: u4}
          - {id: kind, type: u4}
          - {id: name, size: len_name, type: strz, encoding: ASCII}
          - {id: name_padding, size: (4 - len_name % 4) % 4}
          - {id: description, size: len_description}
          - {id: description_padding, size: (4 - len_description % 4) % 4}
