"""Types in types, conditions and switches, instances and streams."""

from __future__ import annotations

from tests.compiler.native_specs.case import Case

CASES = (
    Case(
        "conditions",
        """
seq:
  - {id: flags, type: u1, valid: {max: 7}}
  - {id: a, type: u2, if: flags & 1 != 0, valid: {max: 0x200}}
  - {id: b, type: u1, if: flags & 2 != 0}
  - {id: c, size: a, if: flags & 1 != 0}
  - {id: d, size: b, if: 'flags & 4 != 0'}
  - {id: e, type: u1, valid: {expr: a == 3 or b == 2 or _ == 1}}
""",
        ("00 01", "01 0003 414141 00", "02 02 00", "06 02 4141 09", "04 01", "07 0001 01 41 41 01"),
        b"\x00\x01\x02\x03\x04\x05\x06\x07",
    ),
    Case(
        "nested",
        """
seq:
  - {id: head, type: head}
  - {id: inner, type: 'inner(head.n, head.flag)'}
  - {id: tail, type: u1, valid: {expr: _ == head.n or _ == inner.twice}}
types:
  head:
    seq:
      - {id: n, type: u1, valid: {max: 5}}
      - {id: flag, type: b1}
      - {id: rest, type: b7}
  inner:
    params:
      - {id: count, type: u1}
      - {id: more, type: bool}
    seq:
      - {id: a, size: count}
      - {id: b, type: u1, if: more, valid: {expr: _ >= _parent.head.n and _root.head.rest != 1}}
    instances:
      twice: {value: 'more ? b * 2 : count * 2'}
""",
        ("02 00 4141 02", "02 80 4141 03 06", "02 81 4141 03 06", "00 00 00"),
        b"\x00\x01\x02\x03\x06\x80\x81",
    ),
    Case(
        "parents",
        """
seq:
  - {id: a, type: one}
  - {id: b, type: two}
types:
  one:
    seq:
      - {id: n, type: u1, valid: {max: 9}}
      - {id: c, type: three}
    types:
      three:
        seq:
          - {id: m, type: u1, valid: {expr: _ <= _parent.n}}
          - {id: d, size: _parent.n - m}
  two:
    seq:
      - {id: n, type: u1}
      - {id: e, type: 'four', parent: _root.a.c}
      - {id: f, size: 0, valid: {expr: e.k == 1 or n == 2}}
  four:
    seq:
      - {id: k, type: u1, valid: {expr: _ != _parent.as<one::three>.m}}
""",
        ("03 01 4141 00 01", "00 00 02 05", "01 01 00 01"),
        b"\x00\x01\x02\x03\x09",
    ),
    Case(
        "switched",
        """
seq:
  - {id: kind, type: u1, enum: kinds}
  - id: value
    type:
      switch-on: kind
      cases:
        kinds::byte: u1
        kinds::word: u2le
        kinds::text: text
        kinds::none: nothing
  - {id: end, type: u1, valid: 0x7e}
types:
  text:
    seq:
      - {id: len, type: u1, valid: {max: 4}}
      - {id: value, size: len, type: str}
  nothing:
    seq:
      - {id: zero, contents: [0]}
enums:
  kinds: {1: byte, 2: word, 3: text, 4: none}
""",
        ("01 41 7e", "02 4142 7e", "03 02 4141 7e", "04 00 7e", "05 7e", "04 01", "03 05"),
        b"\x00\x01\x02\x03\x04\x05\x7e\x41",
        looks_in_vain=True,
    ),
    Case(
        "switched_values",
        """
seq:
  - {id: tag, type: str, size: 4}
  - id: head
    type:
      switch-on: tag
      cases:
        '"IHDR"': header
        '"tEXt"': text
        _: other
  - {id: body, size: len}
  - {id: check, type: u1, valid: {expr: head.as<other>.n == 3 or _ == 1}, if: tag == "ABCD"}
instances:
  len: {value: 'tag == "IHDR" ? head.as<header>.n : tag == "tEXt" ? head.as<text>.len * 2 : 1'}
types:
  header: {seq: [{id: n, type: u1, valid: {max: 20}}]}
  text: {seq: [{id: len, type: u2}]}
  other: {seq: [{id: n, type: s1}]}
""",
        ("49484452 02 4141", "74455874 0001 4141", "41424344 03 41 00", "41424344 00 41 01", "41ff4344 00 41"),
        b"IHDRtEXtABCD\x00\x01\x02\x03",
    ),
    Case(
        "switched_else",
        """
seq:
  - {id: a, type: b4}
  - {id: b, type: b4}
  - id: c
    size: b
    type:
      switch-on: a > 3
      cases:
        true: sub
        false: other
  - id: d
    type: {switch-on: a, cases: {1: u1, 2: u4, 3: s2le, _: u2}}
    valid: {max: 1000}
types:
  sub: {seq: [{id: x, type: u1}]}
  other: {seq: [{id: x, type: u1, valid: 9}]}
""",
        ("11 09 05", "42 0009 0001", "20 00000005", "30 0100", "90 ffff"),
        b"\x11\x42\x20\x30\x90\x00\x01\x09",
        looks_in_vain=True,
    ),
    Case(
        "sized_checked",
        """
seq:
  - {id: n, type: u1}
  - {id: body, size: n, type: body, valid: {expr: _.a == 1 or _.b.length > 0}, -sigflow-reason: bad-body}
types:
  body:
    seq:
      - {id: a, type: u1, valid: {max: 3}, -sigflow-reason: bad-a}
      - {id: k, type: b4}
      - {id: j, type: b4, valid: {any-of: [1, 2]}}
      - {id: c, contents: [5]}
      - {id: b, size: a}
      - {id: d, size-eos: true, valid: {expr: _.length < 3}}
""",
        ("04 01 01 05 41", "06 03 12 05 414141", "02 0101", "05 00 01 05 0000", "08 00 01 05 0000000000", "00"),
        b"\x00\x01\x02\x03\x04\x05\x06\x41",
    ),
    Case(
        "parts",
        """
seq:
  - {id: line, type: line, terminator: 0x3b}
  - {id: n, type: u1, valid: {expr: _ == line.size or line.word == "ok"}}
types:
  line:
    seq:
      - {id: key, type: str, terminator: 0x3d, eos-error: false}
      - {id: rest, type: str, size-eos: true, encoding: UTF-8}
    instances:
      size: {value: _io.size}
      word: {value: key}
      first: {pos: 0, type: u1, if: _io.size > 0}
""",
        ("6f6b3d41 3b 09", "413d3b 02", "41 3b 01", "3b 00", "ff3b", "3dc3a93b 03", "3dc3 3b 03", "3deda0803b04"),
        b"ok=;A\x01\x02\xc3\xa9\xed\xa0\xff",
    ),
    Case(
        "seeking",
        """
seq:
  - {id: len, type: u1, valid: {max: 12}}
  - {id: table, size: len, type: table, valid: {expr: _.far < 9 and _.tail.length != 2}}
  - {id: after, size: table.near.n}
types:
  table:
    seq:
      - {id: at, type: u1}
    instances:
      near: {pos: at, type: entry}
      far: {pos: at + near.n, type: u1}
      tail: {pos: at + 1, size-eos: true}
      list: {pos: 1, type: u1, repeat: eos}
  entry:
    seq:
      - {id: n, type: s1, valid: {min: 0}}
      - {id: m, type: u1, if: n > 1, valid: {expr: _ != 1 and _parent.list.size > 1}}
""",
        ("04 01 01 08 00 41", "05 01 02 02 00 00 4141", "03 01 ff 00", "02 09 00", "06 02 00 02 03 08 00"),
        b"\x00\x01\x02\x03\x04\x08\xff",
    ),
    Case(
        "positions",
        """
seq:
  - {id: n, type: u1, valid: {max: 9}}
  - {id: pad, size: '(4 - _io.pos % 4) % 4'}
  - {id: part, size: n, type: part, valid: {expr: _.rest.length != 3}}
  - {id: here, type: u1, valid: {expr: _io.pos > 5}}
types:
  part:
    seq:
      - {id: a, type: u1, if: not _io.eof}
      - {id: b, size: '_io.size - _io.pos', if: a == 1}
      - {id: rest, size-eos: true}
      - {id: last, type: u1, if: not _io.eof}
""",
        ("02 414141 01 41 00", "00 414141 00", "03 414141 00 4141 41", "04 414141 00 414141 00"),
        b"\x00\x01\x02\x03\x04\x41",
    ),
    Case(
        "kept_position",
        "seq:\n  - {id: a, type: u1, valid: {expr: here == 1}}\ninstances:\n  here: {value: _io.pos}\n",
        ("00",),
        why="an instance that depends on how far its stream has been read (/seq/0, line 4)",
    ),
    Case(
        "recursive",
        """
seq:
  - {id: root, type: node}
types:
  node:
    seq:
      - {id: n, type: u1, valid: {max: 2}}
      - {id: children, type: node, repeat: expr, repeat-expr: n}
""",
        ("01 00", "02 00 01 00"),
        why="a type that contains itself (/types/node/seq/1, line 10)",
    ),
    Case(
        "forward",
        """
seq:
  - {id: len, type: u1, valid: {expr: '_ != 3'}}
  - {id: whole, size: len, type: tag_list}
  - {id: bits, type: b1, if: whole.num > 1}
  - {id: end, type: u1, valid: {expr: whole.tags.size == whole.num}}
types:
  tag_list:
    seq:
      - {id: tags, type: tag, repeat: eos}
    instances:
      num: {value: tags.size}
  tag:
    seq:
      - {id: k, type: u1, valid: {max: 4}}
      - {id: v, size: k}
""",
        ("00 41", "04 01 41 01 42 80 41", "02 00 00 00 00", "01 05", "02 02 41"),
        b"\x00\x01\x02\x03\x04\x41",
    ),
    Case(
        "harmless",
        """
seq:
  - id: kind
    type: u1
    -sigflow-note: {if: kind / 2 == 3 or (n == 2 and kind < 2), code: odd-kind}
  - {id: n, type: u1}
  - {id: text, type: str, size: n, encoding: ISO-8859-1}
  - {id: part, size: 4, type: part}
  - id: payload
    size: n
    type: {switch-on: kind, cases: {1: part, 2: whole}}
    -sigflow-codec: {name: zlib, if: n == 9}
types:
  part: {seq: [{id: a, type: u2}, {id: b, type: b3}]}
  whole: {seq: [{id: a, size-eos: true}]}
""",
        (
            "05 00 00000000",
            "05 01 41 00000000 41",
            "07 00 00000000",
            "01 02 4141 00000000 4141",
            "01 01 41 00000000 41",
            "02 00 00000000",
        ),
        b"\x00\x01\x02\x05\x07\x09A",
        looks_in_vain=True,
    ),
    Case(
        "fallible_else",
        """
seq:
  - {id: kind, type: u1}
  - {id: n, type: u1, valid: {max: 4}}
  - {id: payload, size: n, type: {switch-on: kind, cases: {1: whole, _: letters}}}
types:
  whole: {seq: [{id: a, size-eos: true}]}
  letters: {seq: [{id: a, type: str, size-eos: true}]}
""",
        ("01 02 80ff", "02 02 4142", "02 02 8041", "00 00", "03 05"),
        b"\x00\x01\x02\x03\x41\x80",
        looks_in_vain=True,
    ),
    Case(
        "fallible_switch",
        """
seq:
  - {id: kind, type: u1, valid: {min: 1}}
  - {id: n, type: u1, valid: {max: 4}}
  - {id: payload, size: n, type: {switch-on: 8 / (kind - 1), cases: {1: whole, 2: letters}}}
types:
  whole: {seq: [{id: a, size-eos: true}]}
  letters: {seq: [{id: a, type: str, size-eos: true}]}
""",
        ("09 02 80ff", "05 02 4142", "05 02 8041", "01 00", "03 05", "01 01 41"),
        b"\x00\x01\x02\x05\x09\x41\x80",
        looks_in_vain=True,
    ),
    Case(
        "streams_elsewhere",
        """
seq:
  - {id: n, type: u1}
  - {id: p, type: p, size: n}
  - {id: tail, size: p.x}
types:
  part: {seq: [{id: a, type: u1}]}
  p:
    seq:
      - {id: parts, type: part, size: 2, repeat: expr, repeat-expr: 2}
      - {id: items, type: part, repeat: expr, repeat-expr: 2}
      - {id: x, type: u1, valid: {expr: '_ == items.last._io.size or _ == parts.last._io.size + parts[1]._io.pos'}}
      - {id: y, type: u1, valid: {expr: '_ == items.last._io.pos'}}
""",
        (
            "08 0102 0304 0102 08 08 4141414141414141",
            "09 0102 0304 0102 03 08 00 414141",
            "08 0102 0304 0102 03 04",
            "08 0102 0304 0102 03 08 414141",
        ),
        b"\x01\x02\x03\x08\x09",
    ),
    Case(
        "position_elsewhere",
        """
seq:
  - {id: items, type: item, repeat: expr, repeat-expr: 2}
  - {id: n, type: u1, valid: {expr: '_ == items[1]._io.pos'}}
types:
  item: {seq: [{id: a, type: u1}]}
""",
        (),
        why="the position in the stream of another element (/seq/1, line 6)",
    ),
    Case(
        "size_elsewhere",
        """
seq:
  - {id: p, type: p, size: 4}
  - {id: n, size: p.x}
types:
  p:
    seq:
      - {id: items, type: item, repeat: expr, repeat-expr: 2}
      - {id: x, type: u1, valid: {expr: '_ == items[1]._io.size'}}
  item: {seq: [{id: a, type: u1}]}
""",
        (),
        why="the size of the stream of another element (/types/p/seq/1, line 11)",
    ),
)
