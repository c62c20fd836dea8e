# POSIX tar archives.
meta:
  id: tar
  title: tar archive
  file-extension: tar
  license: MIT
  ks-version: "0.11"
  encoding: UTF-8
doc: Blocks of 512 bytes; numbers are octal text.
doc-ref: IEEE 1003.1, pax interchange format
seq:
  - {id: entries, type: entry, repeat: until, repeat-until: _.is_end or _io.eof}
  - {id: trailer, size-eos: true}
enums:
  kinds: {0x00: old_file, 0x30: file, 0x31: hard_link, 0x32: symbolic_link, 0x33: character, 0x34: block, 0x35: folder, 0x36: fifo, 0x67: pax_global, 0x78: pax}
types:
  entry:
    seq:
      - {id: header, size: 512, type: header}
      - id: body
        size: length
        if: not is_end
        type:
          switch-on: header.kind
          cases:
            kinds::pax: pax_records
            kinds::pax_global: pax_records
      - {id: padding, size: (512 - length % 512) % 512}
    instances:
      is_end: {value: 'header.name == ""'}
      length: {value: 'is_end ? 0 : header.length.value'}
  octal:
    seq:
      - {id: text, type: str, size-eos: true, terminator: 0, encoding: ASCII}
    instances:
      digits: {value: 'text.length > 0 and text.substring(text.length - 1, text.length) == " " ? text.substring(0, text.length - 1) : text'}
      value: {value: 'digits.length == 0 ? 0 : digits.to_i(8)'}
  header:
    seq:
      - {id: name, type: strz, size: 100}
      - {id: mode, size: 8, type: octal}
      - {id: user, size: 8, type: octal}
      - {id: group, size: 8, type: octal}
      - {id: length, size: 12, type: octal}
      - {id: modified, size: 12, type: octal}
      - {id: checksum, size: 8, type: octal}
      - {id: kind, type: u1, enum: kinds}
      - {id: link, type: strz, size: 100}
      - {id: magic, type: str, size: 6, terminator: 0}
      - {id: version, type: str, size: 2}
      - {id: user_name, type: strz, size: 32}
      - {id: group_name, type: strz, size: 32}
      - {id: device_major, size: 8, type: octal}
      - {id: device_minor, size: 8, type: octal}
      - {id: prefix, type: strz, size: 155}
    instances:
      path: {value: 'prefix.length > 0 ? prefix + "/" + name : name'}
  pax_records:
    seq:
      - {id: records, type: pax_record, repeat: eos}
  pax_record:
    seq:
      - {id: len_text, type: str, terminator: 0x20}
      - {id: key, type: str, terminator: 0x3d}
      - {id: value, type: str, size: len_text.to_i - len_text.length - key.length - 3}
      - {id: end, contents: [10]}
