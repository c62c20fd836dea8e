meta: {id: strings, encoding: UTF-8, endian: be}
seq:
  - {id: a, type: strz}
  - {id: b, type: strz, include: true}
  - {id: c, type: strz, consume: false}
  - {id: c2, type: u1}
  - {id: d, type: str, terminator: 0x41, eos-error: false}
  - {id: e, type: str, size: 8, pad-right: 0x40, terminator: 0x41}
  - {id: f, type: str, size: 8, encoding: UTF-16LE}
  - {id: g, type: strz, size: 8, encoding: UTF-16BE}
  - {id: h, type: strz, size: 4, encoding: ASCII, include: true}
  - {id: i, size: 6, pad-right: 0}
  - {id: j, size: 6, terminator: 0, include: true, pad-right: 0x20}
  - {id: k, terminator: 0x42, consume: false, include: false, eos-error: false}
  - {id: l, size-eos: true, type: str, encoding: ISO-8859-1}
instances:
  up: {value: a.length + b.length}
  sub: {value: 'a.substring(0, 1) + "x" + c.reverse'}
  cmp: {value: 'a < b and c != d'}
  num: {value: 'h.to_i(16)'}
  bytes_to: {value: 'i.to_s("ASCII")'}
  f_str: {value: 'f"<{a}|{c2}|{up}>"'}
  esc:
    value: |
      "\u263a\n\t\"q\"\101" + 'raw\n'
