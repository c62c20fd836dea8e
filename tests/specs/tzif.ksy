# Time zone information, the files of /usr/share/zoneinfo.
meta:
  id: tzif
  title: Time zone information
  license: MIT
  ks-version: "0.11"
  endian: be
doc: The same block twice, first with 4-byte times, then with 8-byte ones, then a rule for the years to come.
doc-ref: RFC 8536
seq:
  - {id: first, type: block(4)}
  - {id: second, type: block(8), if: first.header.version != 0}
  - {id: footer, type: footer, if: first.header.version != 0}
types:
  header:
    seq:
      - {id: magic, contents: TZif}
      - {id: version_raw, size: 1, valid: {any-of: ['[0]', '[0x32]', '[0x33]', '[0x34]']}}
      - {id: reserved, size: 15}
      - {id: num_ut_flags, type: u4}
      - {id: num_standard_flags, type: u4}
      - {id: num_leaps, type: u4}
      - {id: num_times, type: u4}
      - {id: num_types, type: u4, valid: {min: 1}}
      - {id: len_names, type: u4}
    instances:
      version: {value: 'version_raw[0] == 0 ? 0 : version_raw.to_s("ASCII").to_i'}
  moment:
    params:
      - {id: len_time, type: u1}
    seq:
      - id: seconds
        type:
          switch-on: len_time
          cases:
            4: s4
            8: s8
  block:
    params:
      - {id: len_time, type: u1}
    seq:
      - {id: header, type: header}
      - {id: times, type: moment(len_time), repeat: expr, repeat-expr: header.num_times}
      - {id: kinds, type: u1, repeat: expr, repeat-expr: header.num_times}
      - {id: types, type: local_type, repeat: expr, repeat-expr: header.num_types}
      - {id: names, size: header.len_names}
      - {id: leaps, type: leap(len_time), repeat: expr, repeat-expr: header.num_leaps}
      - {id: standard_flags, type: u1, repeat: expr, repeat-expr: header.num_standard_flags}
      - {id: ut_flags, type: u1, repeat: expr, repeat-expr: header.num_ut_flags}
  local_type:
    seq:
      - {id: offset, type: s4}
      - {id: is_dst, type: u1}
      - {id: ofs_name, type: u1}
    instances:
      hours: {value: offset / 3600.0}
      minutes_down: {value: offset / 60}
      second_of_hour: {value: offset % 3600}
  leap:
    params:
      - {id: len_time, type: u1}
    seq:
      - {id: time, type: moment(len_time)}
      - {id: correction, type: s4}
  footer:
    seq:
      - {id: start, contents: [10]}
      - {id: rule, type: str, terminator: 10, encoding: ASCII}
