# ZIP archives, read from the front, and the directory again from the back.
meta:
  id: zip
  title: ZIP archive
  file-extension: [zip, jar, whl]
  license: MIT
  ks-version: "0.11"
  endian: le
  bit-endian: le
doc: Sections that each begin with a signature; the central directory at the end repeats what the entries say.
doc-ref: APPNOTE.TXT - .ZIP File Format Specification
seq:
  - {id: sections, type: section, repeat: eos}
instances:
  end_of_directory:
    pos: _io.size - 22 - sections.last.body.as<end_record>.len_comment
    type: section
enums:
  methods: {0: stored, 1: shrunk, 6: imploded, 8: deflated, 9: deflate64, 12: bzip2, 14: lzma, 93: zstandard}
  hosts: {0: fat, 3: unix, 7: macintosh, 10: ntfs}
types:
  section:
    seq:
      - {id: magic, contents: PK}
      - {id: kind, type: u2}
      - id: body
        type:
          switch-on: kind
          cases:
            0x0403: local_file
            0x0201: directory_entry
            0x0605: end_record
            0x0807: data_descriptor
  flags:
    seq:
      - {id: encrypted, type: b1}
      - {id: compression_options, type: b2}
      - {id: has_descriptor, type: b1}
      - {id: enhanced, type: b1}
      - {id: patched, type: b1}
      - {id: strong_encryption, type: b1}
      - {id: unused, type: b4}
      - {id: utf8, type: b1}
      - {id: masked, type: b4}
  dos_time:
    seq:
      - {id: half_seconds, type: b5}
      - {id: minute, type: b6}
      - {id: hour, type: b5}
      - {id: day, type: b5}
      - {id: month, type: b4}
      - {id: years, type: b7}
    instances:
      year: {value: 1980 + years}
      second: {value: half_seconds * 2}
  common:
    seq:
      - {id: version, type: u2}
      - {id: flags, size: 2, type: flags}
      - {id: method, type: u2, enum: methods}
      - {id: time, size: 4, type: dos_time}
      - {id: crc, type: u4}
      - {id: len_packed, type: u4}
      - {id: len_unpacked, type: u4}
      - {id: len_name, type: u2}
      - {id: len_extra, type: u2}
  local_file:
    seq:
      - {id: header, type: common}
      - {id: name, type: str, size: header.len_name, encoding: UTF-8}
      - {id: extra, size: header.len_extra, type: extra_list}
      - {id: body, size: header.len_packed}
    instances:
      is_folder: {value: 'name.length > 0 and name.substring(name.length - 1, name.length) == "/"'}
  directory_entry:
    seq:
      - {id: made_by, type: u1}
      - {id: host, type: u1, enum: hosts}
      - {id: header, type: common}
      - {id: len_comment, type: u2}
      - {id: idx_disk, type: u2}
      - {id: internal_attributes, type: u2}
      - {id: external_attributes, type: u4}
      - {id: ofs_local, type: s4}
      - {id: name, type: str, size: header.len_name, encoding: UTF-8}
      - {id: extra, size: header.len_extra, type: extra_list}
      - {id: comment, type: str, size: len_comment, encoding: UTF-8}
    instances:
      local:
        io: _root._io
        pos: ofs_local
        type: section
      same_name:
        value: local.body.as<local_file>.name == name
  extra_list:
    seq:
      - {id: entries, type: extra, repeat: eos}
  extra:
    seq:
      - {id: code, type: u2}
      - {id: len_body, type: u2}
      - {id: body, size: len_body}
  data_descriptor:
    seq:
      - {id: crc, type: u4}
      - {id: len_packed, type: u4}
      - {id: len_unpacked, type: u4}
  end_record:
    seq:
      - {id: idx_disk, type: u2}
      - {id: idx_directory_disk, type: u2}
      - {id: num_entries_disk, type: u2}
      - {id: num_entries, type: u2}
      - {id: len_directory, type: u4}
      - {id: ofs_directory, type: u4}
      - {id: len_comment, type: u2}
      - {id: comment, type: str, size: len_comment, encoding: UTF-8}
    instances:
      directory:
        io: _root._io
        pos: ofs_directory
        size: len_directory
        type: directory
  directory:
    seq:
      - {id: entries, type: section, repeat: eos}
