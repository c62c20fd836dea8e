# Windows programs and libraries.
meta:
  id: pe
  title: Portable Executable
  file-extension: [exe, dll]
  license: MIT
  ks-version: "0.11"
  endian: le
doc-ref: https://learn.microsoft.com/windows/win32/debug/pe-format
seq:
  - {id: dos, type: dos_header}
instances:
  pe: {pos: dos.ofs_pe, type: pe_header}
enums:
  machines: {0: unknown, 0x14c: i386, 0x1c0: arm, 0x8664: amd64, 0xaa64: arm64}
  formats: {0x107: rom, 0x10b: pe32, 0x20b: pe32_plus}
  subsystems: {0: unknown, 1: native, 2: windows_gui, 3: windows_cui, 10: efi_application}
types:
  dos_header:
    seq:
      - {id: magic, contents: MZ}
      - {id: words, type: u2, repeat: expr, repeat-expr: 29}
      - {id: ofs_pe, type: u4}
  pe_header:
    seq:
      - {id: magic, contents: ["PE", 0, 0]}
      - {id: coff, type: coff_header}
      - {id: optional, size: coff.len_optional, type: optional_header, if: coff.len_optional > 0}
      - {id: sections, type: section, repeat: expr, repeat-expr: coff.num_sections}
  coff_header:
    seq:
      - {id: machine, type: u2, enum: machines}
      - {id: num_sections, type: u2}
      - {id: time, type: u4}
      - {id: ofs_symbols, type: u4}
      - {id: num_symbols, type: u4}
      - {id: len_optional, type: u2}
      - {id: characteristics, type: characteristics, size: 2}
  characteristics:
    meta: {bit-endian: le}
    seq:
      - {id: relocations_stripped, type: b1}
      - {id: is_executable, type: b1}
      - {id: lines_stripped, type: b1}
      - {id: symbols_stripped, type: b1}
      - {id: trims_working_set, type: b1}
      - {id: large_addresses, type: b1}
      - {id: reserved, type: b2}
      - {id: is_32bit, type: b1}
      - {id: debug_stripped, type: b1}
      - {id: rest, type: b3}
      - {id: is_dll, type: b1}
  word:
    params:
      - {id: is_wide, type: bool}
    seq:
      - id: value
        type:
          switch-on: is_wide
          cases:
            true: u8
            false: u4
  optional_header:
    seq:
      - {id: format, type: u2, enum: formats}
      - {id: linker_major, type: u1}
      - {id: linker_minor, type: u1}
      - {id: len_code, type: u4}
      - {id: len_data, type: u4}
      - {id: len_bss, type: u4}
      - {id: entry, type: u4}
      - {id: base_of_code, type: u4}
      - {id: base_of_data, type: u4, if: not is_wide}
      - {id: image_base, type: word(is_wide)}
      - {id: section_alignment, type: u4}
      - {id: file_alignment, type: u4}
      - {id: versions, type: u2, repeat: expr, repeat-expr: 6}
      - {id: win32_version, type: u4}
      - {id: len_image, type: u4}
      - {id: len_headers, type: u4}
      - {id: checksum, type: u4}
      - {id: subsystem, type: u2, enum: subsystems}
      - {id: dll_flags, type: u2}
      - {id: stack_and_heap, type: word(is_wide), repeat: expr, repeat-expr: 4}
      - {id: loader_flags, type: u4}
      - {id: num_directories, type: u4}
      - {id: directories, type: directory, repeat: expr, repeat-expr: num_directories}
    instances:
      is_wide: {value: format == formats::pe32_plus}
  directory:
    seq:
      - {id: address, type: u4}
      - {id: length, type: u4}
  section:
    seq:
      - {id: name, type: str, size: 8, pad-right: 0, encoding: UTF-8}
      - {id: len_virtual, type: u4}
      - {id: address, type: u4}
      - {id: len_body, type: u4}
      - {id: ofs_body, type: u4}
      - {id: ofs_relocations, type: u4}
      - {id: ofs_lines, type: u4}
      - {id: num_relocations, type: u2}
      - {id: num_lines, type: u2}
      - {id: flags, type: u4}
    instances:
      body: {pos: ofs_body, size: len_body, if: len_body > 0}
      holds_entry:
        value: _root.pe.optional.entry >= address and _root.pe.optional.entry < address + len_virtual
