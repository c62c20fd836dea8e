"""Small stream formats, one construct or two each, for the tests of the native measure: a name, a spec's body, samples.

The head (`meta`, `-sigflow-stream`) is written by `text_of` where the body has none.  The letters of the alphabet are
what random inputs are made of besides the samples.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A spec.  native: whether it has a `_native_measure`; else `why` is in what the envelope says of it."""

    name: str
    body: str
    samples: tuple[str, ...]
    alphabet: bytes = b"\x00\x01\x02\x03\x08\x41\x7e\x80\xff"
    stream: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        """The whole spec."""
        head = f"meta: {{id: {self.name}, endian: be, encoding: ASCII}}\n"
        return head + f"-sigflow-stream: {self.stream or '{max-frame: 200}'}\n" + self.body


CASES = (
    Case(
        "numbers",
        """
seq:
  - {id: a, type: s1, valid: {min: -2, max: 5}}
  - {id: b, type: u2le, valid: {any-of: [1, 0x102, 0x4142]}}
  - {id: c, type: s2, valid: {expr: _ * 2 != 4 and _ != a}}
  - {id: d, type: u4le}
  - {id: e, type: s4, valid: {min: -100000}}
  - {id: f, type: f8}
  - {id: body, size: d % 7}
  - {id: g, type: f4le}
""",
        ("01 0201 0003 00000001 00000002 3ff0000000000000 41414141 00000000", "fe 0100 ffff 03000000 80000000"),
    ),
    Case(
        "wide",
        """
seq:
  - {id: a, type: u8, valid: {min: 3, max: 0x8000000000000002}}
  - {id: b, type: u8le, valid: {expr: _ != 0xffffffffffffffff and (_ & 0xff) < 0x80}}
  - {id: c, type: u8, valid: {expr: _ >> 60 < 9 or _ == a}}
  - {id: body, size: c}
  - {id: tail, type: u1, valid: 1}
""",
        (
            "00000000000000ff 0000000000000001 0000000000000002 4141 01",
            "8000000000000001 0100000000000080 8000000000000001",
        ),
    ),
    Case(
        "wide_order",
        """
seq:
  - {id: a, type: u8, valid: {expr: _ < 0x9000000000000000}}
  - {id: b, type: u8, valid: {expr: _ >= 0x9000000000000000 or _ < 3}}
  - {id: c, type: u8, valid: {expr: _ <= 0x7fffffffffffffff}}
  - {id: d, type: u8, valid: {expr: not (_ > 0x9000000000000000 or _ == 0x8000000000000000)}}
  - {id: e, type: u8, valid: {min: 0x41, max: 0x4141}}
  - {id: tail, type: u1, valid: {expr: _ < 2 or d > 0x8000000000000000}}
""",
        (
            "8000000000000000 9000000000000000 7fffffffffffffff 9000000000000000 0000000000000041 41",
            "8fffffffffffffff ffffffffffffffff 0000000000000000 8000000000000001 0000000000004141 00",
            "0000000000000000 0000000000000002 0000000000000001 0000000000000000 0000000000000099 01",
            "9000000000000000 8000000000000000",
        ),
        b"\x00\x01\x41\x7f\x80\x8f\x90\xff",
    ),
    Case(
        "wide_sums",
        """
seq:
  - {id: a, type: u8}
  - {id: b, type: s8}
  - {id: c, type: u1, valid: {expr: a + b > 3}}
  - {id: d, type: u1, valid: {expr: b - _ < 9 and b * 3 != 6}}
  - {id: body, size: a - 2}
""",
        (
            "0000000000000004 0000000000000001 00 00 4141",
            "7fffffffffffffff 7fffffffffffffff 01",
            "0000000000000002 8000000000000000 01 01",
        ),
        b"\x00\x00\x00\x00\x00\x01\x02\x7f\x80\xff",
    ),
    Case(
        "arithmetic",
        """
seq:
  - {id: a, type: s1}
  - {id: b, type: s1}
  - {id: c, type: u1, valid: {expr: 'a / b + a % b < 40'}}
  - {id: d, type: u1, valid: {expr: '(a << (d_bits & 3)) ^ (b | c) != -1 and (a >> c) < 60'}}
  - {id: e, size: '(a & 7) + (~b & 3) - (c > 3 ? 1 : 0)'}
instances:
  d_bits: {value: 'a < 0 ? -a : a'}
""",
        ("05 02 01 00 41414141", "fb fe 00 00", "00 00 00", "80 ff 04 04 4141414141"),
    ),
    Case(
        "shifts",
        """
seq:
  - {id: a, type: u4}
  - {id: n, type: s1}
  - {id: b, type: u1, valid: {expr: '(a << n) != 2 and (a >> n) < 300'}}
  - {id: body, size: '(1 << (b & 31)) & 15'}
""",
        ("00000001 02 00 41", "00000002 05 01 4141", "00000002 ff 01", "00000002 40 01", "ffffffff 1f 02 41414141"),
    ),
    Case(
        "bits_be",
        """
seq:
  - {id: a, type: b3, valid: 2}
  - {id: b, type: b7}
  - {id: c, type: b1}
  - {id: d, type: b13, valid: {max: 0x1f00}}
  - {id: e, type: b4}
  - {id: f, type: u1}
  - {id: body, size: e, if: c}
  - {id: g, type: b17, valid: {expr: _ != b}}
  - {id: h, type: b6}
""",
        ("41 4280 f0 00 000041", "41 6012 34 00 4142 000041", "40"),
        b"\x00\x40\x41\x5f\x80\xff",
    ),
    Case(
        "bits_le",
        """
seq:
  - {id: a, type: b3le, valid: 2}
  - {id: b, type: b12le, enum: kinds, valid: {in-enum: true}}
  - {id: c, type: b1le}
  - {id: d, type: b64le}
  - {id: e, type: b5le, valid: {min: 1}}
  - {id: body, size: e}
enums:
  kinds: {0: none, 1: one, 2: two, 3: three, 9: nine, 300: far}
""",
        ("0a00 0000000000000080 01 41", "1a80 ffffffffffffffff 02 4141", "4a00 00"),
        b"\x00\x01\x02\x0a\x1a\x80\xff",
    ),
    Case(
        "bits_eight",
        """
seq:
  - {id: a, type: b62, valid: {expr: _ % 5 < 3}}
  - {id: b, type: b2}
  - {id: c, type: b2le}
  - {id: d, type: b62le, valid: {expr: _ % 5 < 3}}
  - {id: e, type: b2}
  - {id: f, type: b62, valid: {expr: _ % 5 < 3}}
  - {id: body, size: b}
""",
        (
            "ffffffffffffffff 0000000000000002 8000000000000001 414141",
            "0000000000000001 fcffffffffffff3f 0000000000000001 41",
            "8000000000000000 ffffffffffffffff c000000000000002",
        ),
        b"\x00\x01\x41\x7f\x80\xff",
    ),
    Case(
        "sizes_of_lists",
        """
seq:
  - {id: n, type: s1, valid: {max: 5}}
  - {id: few, type: u1, repeat: expr, repeat-expr: n, valid: {expr: _ != few.size and few.size < 5}}
  - {id: more, type: u1, repeat: until, repeat-until: _ == more.size}
  - {id: last, type: u1, valid: {expr: _ == few.size or _ == more.size}}
  - {id: part, type: part, size: last}
  - {id: end, type: u1, valid: {expr: '_ < 300 ? (part.rest.size == 0 ? _ == 5 : _ == part.rest.size) : false'}}
types:
  part: {seq: [{id: rest, type: u2, repeat: eos}]}
""",
        (
            "02 0001 000002 02 0001 01",
            "00 01 00 00",
            "03 020303 00020204 04 00010203 02",
            "01 00 41000003 04 01020304 02",
            "ff 01 00 05",
            "fe 01 00 00",
            "00 00000003 04 01020304 03",
            "03 02 02",
        ),
        b"\x00\x01\x02\x03\x04\x05\xfe\xff",
    ),
    Case(
        "bits_nine_be",
        """
seq:
  - {id: a, type: b5}
  - {id: b, type: b62, valid: {expr: _ % 5 < 3 and _ != 0x1041414141414141}}
  - {id: c, type: b5, valid: {min: 1}}
  - {id: d, type: b3}
  - {id: e, type: b63, valid: {expr: (_ & 7) != 3 and _ >> 60 < 6}}
  - {id: f, type: b6, valid: {max: 0x3e}}
  - {id: g, type: b1}
  - {id: h, type: b64}
  - {id: i, type: b7, valid: {expr: _ != e}}
  - {id: body, size: c}
""",
        (
            "082082828282828281 60ffffffffffffff82 80414141414141417f 41",
            "ff7fffffffffffffe2 ffffffffffffffff41 4100000000000000ff 4141",
            "000000000000000001 000000000000000000 000000000000000000 41",
        ),
        b"\x00\x01\x41\x7f\x80\x82\xff",
    ),
    Case(
        "bits_nine_le",
        """
seq:
  - {id: a, type: b5le}
  - {id: b, type: b62le, valid: {expr: _ % 5 < 3 and _ != 0x1041414141414141}}
  - {id: c, type: b5le, valid: {min: 1}}
  - {id: d, type: b3le}
  - {id: e, type: b63le, valid: {expr: (_ & 7) != 3 and _ >> 60 < 6}}
  - {id: f, type: b6le, valid: {max: 0x3e}}
  - {id: g, type: b9le, valid: {expr: _ > 3}}
  - {id: h, type: b15le}
  - {id: body, size: c}
""",
        (
            "082082828282828281 60ffffffffffffff82 804141 41414141414141414141414141414141",
            "ff7fffffffffffff0a ffffffffffffffff41 410000 41",
            "000000000000000008 000000000000000000 ff0000 41",
        ),
        b"\x00\x01\x08\x41\x7f\x80\x82\xff",
    ),
    Case(
        "contents_long",
        """
seq:
  - {id: magic, contents: [0x89, PNG, 0x0d, 0x0a, 0x1a, 0x0a, 0xff, 0xfe, 0xfd]}
  - {id: n, type: u1, -sigflow-reason: odd, valid: {expr: _ % 2 == 0}}
  - {id: body, size: n}
  - {id: end, contents: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]}
""",
        ("89504e470d0a1a0afffefd 02 4142 ffffffffffffffff", "89504e470d0a1a0afffefd 01", "89504e470d0a1a0afffefe"),
        b"\x89PNG\r\n\x1a\xff\xfe\xfd\x00\x02",
    ),
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
        "sizes",
        """
seq:
  - {id: n, type: s1}
  - {id: m, type: u1}
  - {id: a, size: n, valid: {expr: _.length < 3 or _.first == 0x41}, -sigflow-reason: bad-size}
  - {id: b, size: m - n}
  - {id: c, type: u1, valid: 0x7e}
""",
        ("02 03 4142 43 7e", "03 03 414243 7e", "ff 00", "03 02 414141", "00 00 7e"),
    ),
    Case(
        "terminators",
        """
seq:
  - {id: a, terminator: 0}
  - {id: b, terminator: 0, include: true, valid: {expr: _.length != 3}}
  - {id: c, terminator: 1, consume: false}
  - {id: d, type: u1, valid: 1}
  - {id: e, terminator: [0x0d, 0x0a]}
  - {id: f, type: strz, -sigflow-max-size: 4, -sigflow-reason: long-name}
  - {id: g, size: a.length}
""",
        (
            "4100 4100 01 410d0a 4100 41",
            "00 00 01 0d0a 00",
            "00 414100",
            "4100 00 4101 41410d0a0d0a 4141414100",
            "00 00 01 410a0d0a 00",
        ),
        b"\x00\x01\x0d\x0a\x41",
    ),
    Case(
        "peeking",
        """
seq:
  - {id: magic, contents: [0x7e]}
  - {id: a, terminator: 0x2c, consume: false, include: true}
  - {id: n, type: u1}
  - {id: b, terminator: 0x2c, consume: false}
  - {id: items, type: item, repeat: expr, repeat-expr: 2}
  - {id: c, type: u1, valid: {max: 0x7e}}
types:
  item:
    seq:
      - {id: a, terminator: 0x2c, consume: false}
      - {id: b, size: 1}
""",
        ("7e 412c 2c 412c 2c 7e", "7e2c2c2c2c2c41", "7e4141412c4141412c412c2c2c2c"),
        b"\x2c\x2c\x41\x7e\x00",
    ),
    Case(
        "synced_text",
        """
seq:
  - {id: magic, contents: ABA}
  - {id: a, terminator: 0x3b}
  - {id: b, terminator: [0x41, 0x3b], -sigflow-max-size: 6}
  - {id: n, type: u1}
  - {id: body, size: n & 3}
""",
        (
            "414241 433b 43413b 01 41",
            "414241 4142413b",
            "414241 4142 3b 413b 00",
            "414241 3b 42413b 00",
            "414241 3b 43434343434343413b",
        ),
        b"ABA;;C\x01",
    ),
    Case(
        "synced_many",
        """
seq:
  - {id: magic, type: u1, valid: {any-of: [0x24, 0x21]}}
  - {id: a, terminator: 0x2a}
  - {id: b, terminator: 0x2a}
""",
        ("24 41 2a 2a", "2141242a", "24412a41212a"),
        b"$!*A",
        "{max-frame: 9, sync: ['$', '!']}",
    ),
    Case(
        "unsynced",
        """
seq:
  - {id: magic, contents: '$'}
  - {id: a, terminator: 0x2a}
""",
        ("24 41 2a", "2424242a"),
        b"$*A",
        "{max-frame: 7, aborted-by-sync: false}",
    ),
    Case(
        "max_sizes",
        """
seq:
  - {id: magic, contents: '$'}
  - {id: head, type: head, -sigflow-max-size: 6, -sigflow-reason: long-head}
  - {id: n, type: u1, -sigflow-max-size: 1}
  - {id: body, size: n, -sigflow-max-size: 9, -sigflow-reason: long-body}
types:
  head:
    seq:
      - {id: name, terminator: 0x3a, -sigflow-max-size: 3, -sigflow-reason: long-name}
      - {id: n, type: u1}
      - {id: more, size: n, valid: {expr: _.length == 0 or _.last != 0}}
""",
        ("24 413a 02 4141 01 41", "24 4141413a", "24 3a 05 4141", "24 3a 00 0a 41", "24 3a 01 00"),
        b"$:A\x00\x01\x02\x09\x0a",
        "{max-frame: 12}",
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
        "lists_of_numbers",
        """
seq:
  - {id: n, type: u1, valid: {max: 5}}
  - {id: lens, type: u1, repeat: expr, repeat-expr: n, valid: {max: 9}}
  - {id: bodies, type: body(_index), repeat: expr, repeat-expr: n}
  - {id: end, type: u1, valid: {expr: n == 0 or _ == lens.last or _ == lens.first}}
types:
  body:
    params: [{id: i, type: u1}]
    seq:
      - {id: a, size: '_parent.lens[i]'}
      - {id: b, type: u1, valid: {expr: _ != 0xff and _parent.lens.size == _parent.n}}
""",
        ("02 01 02 41 00 4141 00 01", "00 41", "01 00 00 00", "03 000000 01 02 ff", "05 0000000009 0000000000"),
        b"\x00\x01\x02\x03\x05\x09\x0a\xff\x41",
    ),
    Case(
        "lists_of_entries",
        """
seq:
  - {id: n, type: u1, valid: {max: 4}}
  - {id: entries, type: entry, repeat: expr, repeat-expr: n}
  - {id: pick, type: u1}
  - {id: data, size: 'entries[pick].len', valid: {expr: '_.length == 0 or _[0] == entries[pick].tag'}}
types:
  entry:
    seq:
      - {id: tag, type: u1}
      - {id: pad, size: 1}
      - {id: len, type: u2le, valid: {max: 6}}
""",
        ("02 41000100 42000200 01 4242", "01 41000000 00", "00 00", "01 41000300 05", "01 41000200 00 4242"),
        b"\x00\x01\x02\x41\x42",
    ),
    Case(
        "until",
        """
seq:
  - {id: parts, type: part, repeat: until, repeat-until: _.last or _.n == 9}
  - {id: end, type: u1, valid: {expr: _ == parts.last.n or parts.size > 2}}
types:
  part:
    seq:
      - {id: more, type: b1}
      - {id: n, type: b7, valid: {max: 20}}
      - {id: body, size: n, if: n != 9}
    instances:
      last: {value: not more}
""",
        ("01 41 01", "82 4141 01 41 00", "81 41 81 41 00 09", "89 09", "7f"),
        b"\x00\x01\x02\x09\x81\x82\x89\x41",
    ),
    Case(
        "until_numbers",
        """
seq:
  - {id: words, type: u2, repeat: until, repeat-until: _ == 0 or _ > words.first}
  - {id: blocks, type: block(words.size), repeat: until, 'repeat-until': '_.len == 0'}
types:
  block:
    params: [{id: most, type: u4}]
    seq:
      - {id: len, type: u1, valid: {expr: _ < most + 3}}
      - {id: data, size: len}
""",
        ("0000 01 41 00", "0005 0004 0006 00", "0001 0000 02 4141 00", "0000 05"),
        b"\x00\x01\x02\x05\x41",
    ),
    Case(
        "handed_on",
        """
seq:
  - {id: items, type: 'item(_index == 0 ? 0 : items[_index - 1].total, _index == 0 ? "a" : items[_index - 1].word)',
     repeat: expr, repeat-expr: 3}
  - {id: end, size: 'items.last.total', valid: {expr: 'items.last.word != "b" or _.length == 2'}}
types:
  item:
    params:
      - {id: before, type: u4}
      - {id: word_before, type: str}
    seq:
      - {id: n, type: u1, valid: {max: 3}}
      - {id: text, size: n, type: str}
      - {id: opt, type: u1, if: n == 1}
    instances:
      total: {value: 'before + (n == 1 ? opt : n)'}
      word: {value: 'n == 0 ? word_before : n == 1 ? "b" : text'}
""",
        ("00 00 00", "01 41 01 00 00 41", "01 41 02 00 00 4141", "02 4142 00 01 43 00 4141", "03 616263 00 00 414141"),
        b"\x00\x01\x02\x03\x41ab",
    ),
    Case(
        "strings_handed_on",
        """
seq:
  - {id: lines, type: 'line(_index == 0 ? "x" : lines[_index - 1].word, _index == 0 or lines[_index - 1].more)',
     repeat: until, repeat-until: 'not _.more'}
  - {id: end, size: 1, if: 'lines.last.before == "ab" or lines.first.text == lines.last.text'}
types:
  line:
    params: [{id: before, type: str}, {id: went_on, type: bool}]
    seq:
      - {id: len, type: u1, valid: {max: 3}}
      - {id: text, type: str, size: len, encoding: UTF-8,
         valid: {expr: '_ != before and (_parent.lines.size == 0 or _ != _parent.lines.last.before)'}}
      - {id: tail, type: u1, if: went_on}
    instances:
      more: {value: 'went_on ? tail > 1 : len == 2'}
      word: {value: 'len == 0 ? "ab" : text == "b" ? "c" : text'}
""",
        ("01 61 00 41", "01 61 02 02 6162 02 01 63 00", "00 05 02 6162", "01 62 03 01 63", "02c3a900", "01 78"),
        b"\x00\x01\x02\x03abcx\xc3\xa9",
    ),
    Case(
        "before_and_first",
        """
seq:
  - {id: mark, type: u1, valid: {max: 1}}
  - {id: rows, type: row, repeat: expr, repeat-expr: 3}
  - {id: end, type: u1, valid: {expr: _ == rows.last.cells.last.v or rows.first.opt == 2}}
types:
  row:
    seq:
      - {id: n, type: u1, valid: {expr: _ < 3 and (_parent.rows.size == 0 or _parent.rows.last.n != _ or _ == 0)}}
      - {id: opt, type: u1, if: n != 1}
      - {id: cells, type: cell, repeat: expr, repeat-expr: n + 1}
      - {id: same, size: 1, if: '_parent.rows.size > 0 and _parent.rows.last.opt == opt'}
  cell:
    meta:
      endian: {switch-on: _root.mark, cases: {0: le, _: be}}
    seq:
      - {id: v, type: u2}
      - {id: w, type: b4, valid: {expr: _ <= 7}}
""",
        (
            "00 00 01 0300 10 01 0500 00 0500 00 00 01 0300 10 03",
            "01 00 02 0003 10 00 02 0003 10 41 02 05" + "0003 10" * 3 + "03",
        ),
        b"\x00\x00\x01\x01\x02\x03\x05\x10",
        why="'cells' of another element (/seq/2, line 7)",
    ),
    Case(
        "first_and_last",
        """
seq:
  - {id: mark, type: u1, valid: {max: 1}}
  - {id: rows, type: row, repeat: expr, repeat-expr: 3}
  - {id: end, type: u1, valid: {expr: _ == rows.last.cell.v or rows.first.opt == 2}}
types:
  row:
    seq:
      - {id: n, type: u1, valid: {expr: _ < 3 and (_parent.rows.size == 0 or _parent.rows.last.n != _ or _ == 0)}}
      - {id: opt, type: u1, if: n != 1}
      - {id: cell, type: cell}
      - {id: same, size: 1, if: '_parent.rows.size > 0 and _parent.rows.last.opt == opt'}
  cell:
    meta:
      endian: {switch-on: _root.mark, cases: {0: le, _: be}}
    seq:
      - {id: v, type: u2}
      - {id: w, type: b4, valid: {expr: _ <= 7}}
""",
        ("00 00 01 0300 10 01 0500 00 00 01 0300 10 03", "01 00 02 0003 10 00 02 0003 10 41 02 05 0003 10 03"),
        b"\x00\x00\x01\x01\x02\x03\x05\x10",
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
        "gappy",
        """
seq:
  - {id: kinds, type: u1, repeat: expr, repeat-expr: 2}
  - id: items
    repeat: expr
    repeat-expr: 2
    type: {switch-on: 'kinds[_index]', cases: {1: u1, 2: u2}}
  - {id: end, type: u1, valid: 9}
""",
        ("01 02 00 0000 09", "00 00 09", "02 02 0000 0000 09"),
        b"\x00\x01\x02\x09",
    ),
    Case(
        "gappy_size",
        """
seq:
  - {id: kind, type: u1}
  - {id: items, repeat: expr, repeat-expr: 2, type: {switch-on: kind, cases: {1: u1, 2: u2}}}
  - {id: end, type: u1, valid: {expr: _ == items.size}}
""",
        ("01 00 00 02",),
        why="a list that lacks the elements to which no case applies (/seq/2, line 7)",
    ),
    Case(
        "unique",
        """
seq:
  - {id: magic, contents: '#'}
  - {id: lines, type: line, repeat: until, repeat-until: _.key == "", -sigflow-unique: _.key, -sigflow-max-size: 20}
  - {id: ids, type: u1, repeat: expr, repeat-expr: 2, -sigflow-unique: {expr: _ & 15, reason: same-id}}
types:
  line: {seq: [{id: key, type: str, terminator: 0x3b}]}
""",
        ("23 413b 423b 3b 01 02", "23 413b 413b 3b", "23 3b 01 11", "23 41413b 413b 3b 0102"),
        b"#AB;;\x01\x11\x02",
    ),
    Case(
        "metadata_lists",
        """
seq:
  - {id: n, type: u1, valid: {max: 3}}
  - {id: rows, type: row, repeat: expr, repeat-expr: n}
types:
  row:
    seq:
      - {id: m, type: u1, valid: {max: 2}}
      - {id: cells, type: cell, repeat: expr, repeat-expr: m}
  cell:
    seq:
      - {id: len, type: u1}
      - {id: text, size: len, type: str, valid: {any-of: ['"a"', '"ab"', '""', '"abc"']}}
""",
        ("01 02 01 61 02 6162", "02 00 01 00", "00", "03 01 03 616263 00 00", "01 01 01 62"),
        b"\x00\x01\x02\x03abc",
    ),
    Case(
        "empty_lists",
        """
seq:
  - {id: n, type: u4, valid: {max: 70000}}
  - {id: nothing, size: 0, repeat: expr, repeat-expr: n, valid: {expr: _.length == 0}}
  - {id: m, type: u1}
  - {id: maybe, type: maybe, repeat: expr, repeat-expr: m}
types:
  maybe:
    seq:
      - {id: a, type: u1, if: _parent.m > 2}
""",
        ("00000003 00", "00000000 03 414141", "00000001 02"),
        b"\x00\x00\x01\x02\x03",
    ),
    Case(
        "counts",
        """
-sigflow-limits: {repeat: 3}
seq:
  - {id: n, type: s1}
  - {id: a, type: u2, repeat: expr, repeat-expr: n}
  - {id: b, size: 2, repeat: expr, repeat-expr: n}
  - {id: c, type: u1, valid: {expr: _ != n}}
""",
        ("01 0000 4141 00", "00 01", "ff", "fe 00", "04 0000", "03 000000000000 414141414141 00"),
        b"\x00\x01\x02\x03\x04\xff",
    ),
    Case(
        "calculated_order",
        """
seq:
  - {id: mark, type: str, size: 2}
  - {id: body, type: body}
types:
  body:
    meta:
      endian:
        switch-on: _root.mark
        cases: {'"II"': le, '"MM"': be}
    seq:
      - {id: n, type: u2, valid: {max: 300}}
      - {id: f, type: f4}
      - {id: sub, type: sub}
      - {id: data, size: n}
    types:
      sub: {seq: [{id: k, type: s2, valid: {min: -1}}]}
""",
        ("4949 0100 00000000 0000 41", "4d4d 0001 00000000 ffff 41", "4141", "4949 ffff"),
        b"IM\x00\x01\xff",
    ),
    Case(
        "digits",
        """
seq:
  - {id: len, type: str, size: 3}
  - {id: hex, type: str, terminator: 0x2c}
  - {id: body, size: len.to_i}
  - {id: more, size: hex.to_i(16) % 5}
  - {id: end, type: u1, valid: 0x3b}
""",
        (
            "303032 31302c 4141 41 3b",
            "303030 2c3b",
            "2b3031 302c 41 3b",
            "30305f",
            "30 3030 307831302c 41 3b",
            "413030 2c",
        ),
        b"012,;A+ _x\x80",
    ),
    Case(
        "texts",
        """
seq:
  - {id: a, type: str, size: 2, encoding: UTF-8}
  - {id: b, type: str, size: 2, encoding: windows-1252, valid: {expr: _ != "é!"}}
  - {id: c, type: str, size: 1, encoding: ISO-8859-1, valid: {any-of: ['"é"', '"A"']}}
  - {id: d, size: a.length, valid: {expr: '_ == [0x41] or _.index_of(0x43) == 1 or _.to_s("ASCII") == "AB"'}}
  - {id: e, type: strz, size: 4, pad-right: 0x20, valid: {expr: _.length > 0 and _ != "no"}}
""",
        (
            "4142 4141 41 4142 41202000",
            "c3a9 4141 e9 41 6f6b0020",
            "4142 8181 41",
            "4142 e921 41",
            "4142 4141 41 4143 20202020",
            "4142 4141 41 4143 6e6f0041",
        ),
        b"AB\xc3\xa9\xe9\x81! \x00no",
    ),
    Case(
        "compared",
        """
seq:
  - {id: a, terminator: 0x3b}
  - {id: b, terminator: 0x3b, valid: {expr: _ == a or _ < a}}
  - {id: c, size: a.length, valid: {expr: _ == b or _.min > 0x41 or _.max < 0x3b}}
  - {id: d, type: u1, valid: {expr: 'a.length == 0 or (a.first == _ or a[0] == 0x42)'}}
  - {id: e, size: 1, valid: {expr: 'd == 0x42 or a[a.length - 1] == _.first'}}
""",
        ("413b 413b 41 41 41", "42413b 413b 4242 00 41", "3b 3b 00 00", "413b 423b", "41423b 41413b 4142 41 42"),
        b"AB;;C\x00",
    ),
    Case(
        "ordered",
        """
seq:
  - {id: a, type: str, size: 3, valid: {min: '"AAB"', max: '"B~"'}}
  - {id: b, terminator: 0, valid: {expr: '_ < [0x42, 0x43] or _ >= [0x43, 0, 1, 2, 3, 4, 5, 6, 7, 8]'}}
  - {id: n, type: u1}
  - {id: c, size: n % 4, if: 'a.substring(1, n) != "AA" and a.substring(n, 2) != "B"'}
  - {id: d, type: b3}
  - {id: e, type: b62, valid: {expr: _ & 7 != 3 and _ > 5}}
  - {id: f, type: b64}
""",
        (
            "414142 41 00 02 41 4142434445464748 00 414243",
            "4241ff",
            "424141 43000000 00 01 0000000000000000000000000000000000",
        ),
        b"AB~C\x00\x01\x02\x03",
    ),
    Case(
        "pieces",
        """
seq:
  - {id: magic, contents: Z}
  - {id: n, type: u1}
  - {id: body, size: n, type: str, encoding: ISO-8859-1}
  - {id: tag, size: 2}
  - {id: sum, type: u1}
  - {id: crc, type: str, size: 4}
  - {id: end, type: u1, valid: 0x7e}
""",
        ("5a 02 4142 4344 03 30313233 7e", "5a 00 0000 00 41414141 7e", "5a 01 41 4141 00 41414141 00"),
        b"Z\x00\x01\x02\x7eA",
        "{max-frame: 40, checksum: ["
        "{field: sum, algorithm: sum-8, over: [magic, {expr: n + 1}, body, {expr: tag}, {expr: '[1, 2]'}]}, "
        "{field: crc, algorithm: CRC-16/ARC, encoding: hex, over: magic..sum}]}",
    ),
    Case(
        "rests",
        """
seq:
  - {id: n, type: u1}
  - {id: whole, type: whole, size: n}
  - {id: part, type: part, size: n}
  - {id: tail, type: u1, valid: {expr: _ == part.here or _ > whole.here}}
types:
  whole:
    seq:
      - {id: text, size-eos: true, type: str, valid: {expr: _ != "AAA"}}
      - {id: more, size-eos: true, valid: {expr: _.length == 0}}
      - {id: end, type: u1, repeat: eos, valid: {expr: false}}
    instances:
      here: {value: text.length + more.length}
  part:
    seq:
      - {id: a, type: u1, valid: {max: 0x41}}
      - {id: text, size-eos: true, type: str}
      - {id: more, size-eos: true, valid: {expr: _.length == 0}}
      - {id: none, type: u1, if: a == 0}
    instances:
      here: {value: text.length + more.length}
""",
        (
            "02 4141 0141 03",
            "03 414142 024141 02",
            "03 414141 410202",
            "02 4141 0041 05",
            "01 41 01 00",
            "00",
            "01 01 01 02",
        ),
        b"\x00\x01\x02\x03\x41",
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
      - {id: x, type: u1, valid: {expr: '_ == items.last._io.size or _ == parts[0]._io.size + parts[1]._io.pos'}}
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
    Case(
        "enum_with_gaps",
        """
seq:
  - {id: a, type: u1, enum: kinds, valid: {in-enum: true}}
  - {id: b, type: s1, enum: kinds, valid: {in-enum: true}}
  - {id: c, size: 1}
enums:
  kinds: {-2: minus, 0: zero, 1: one, 3: three, 4: four, 7: seven, 255: last}
""",
        ("01 fe 41", "07 03 41", "ff 00 41", "02 00", "05 00", "04 02", "00 ff"),
        b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\xfe\xff",
    ),
    Case(
        "max_size_of_what_is_fixed",
        """
seq:
  - {id: a, type: head, -sigflow-max-size: 4}
  - {id: b, type: tail, -sigflow-max-size: 3, -sigflow-reason: tail-too-long}
types:
  head: {seq: [{id: x, type: u2}, {id: y, type: u2, valid: {max: 3}}]}
  tail: {seq: [{id: n, type: u1}, {id: more, type: u2, if: n & 3 == 1}, {id: most, type: u4, if: n & 3 == 2}]}
""",
        ("00000003 00", "00010002 010203", "00000001 0201020304", "00000004 00", "00000001 01"),
        b"\x00\x01\x02\x03\x04",
    ),
    Case(
        "limited_lists",
        """
-sigflow-limits: {repeat: 3}
seq:
  - {id: n, type: u1}
  - {id: few, type: u1, repeat: expr, repeat-expr: n, valid: {max: 4}}
  - {id: more, type: u1, repeat: until, repeat-until: _ == 0}
  - {id: part, type: part, size: more.size}
types:
  part:
    -sigflow-limits: {repeat: 2}
    seq: [{id: rest, type: u1, repeat: eos, valid: {max: 4}}]
""",
        (
            "03 010203 0100 0102",
            "04 01020304 00 01",
            "01 01 010100 010203",
            "02 0101 01010100 01020304",
            "00 00 01",
            "00 0100 0102",
        ),
        b"\x00\x01\x02\x03\x04",
    ),
    Case(
        "pieces_of_numbers",
        """
seq:
  - {id: letter, type: str, size: 1}
  - {id: m, type: s2}
  - {id: n, type: u1, valid: {min: 1}}
  - {id: body, size: n}
  - {id: sum, type: u1}
""",
        ("41 0000 01 41 41", "41 00ff 01 41 40", "41 0100 01 41 00", "41 ffff 02 4141 00", "41 0001"),
        b"\x00\x01\x02\x41\xff",
        "{max-frame: 40, checksum: {field: sum, algorithm: sum-8, over: [body, {expr: m}]}}",
    ),
    Case(
        "pieces_most",
        """
seq:
  - {id: n, type: u1, valid: {min: 1}}
  - {id: body, size: n}
  - {id: sum, type: u1}
""",
        ("02 4142 00", "01 41 41", "00"),
        b"\x00\x01\x02\x41",
        f"{{max-frame: 40, checksum: {{field: sum, algorithm: sum-8, over: [body, {{expr: '{list(range(28))}'}}]}}}}",
    ),
    Case(
        "pieces_too_many",
        """
seq:
  - {id: n, type: u1}
  - {id: body, size: n}
  - {id: sum, type: u1}
""",
        (),
        b"",
        f"{{max-frame: 40, checksum: {{field: sum, algorithm: sum-8, over: [body, {{expr: '{list(range(29))}'}}]}}}}",
        why="checksums of so many pieces (/-sigflow-stream/checksum/over/1/expr, line 2)",
    ),
    Case(
        "counted",
        """
seq:
  - {id: magic, contents: Q}
  - {id: flags, type: flags}
  - {id: seq, type: u2}
  - {id: payload, size: flags.len}
types:
  flags:
    seq:
      - {id: stream, type: b3}
      - {id: len, type: b5}
""",
        ("51 22 0001 4141", "51 00 ffff"),
        b"Q\x00\x01\x22",
        "{max-frame: 60, sequence: {field: seq, per: flags.stream}}",
    ),
    Case(
        "noted",
        """
seq:
  - id: kind
    type: u1
    -sigflow-note: {if: 10 / kind > 2, code: small-kind}
  - {id: n, type: u1}
  - {id: text, type: str, size: n, encoding: ISO-8859-1}
  - {id: ascii, type: str, size: 1}
  - {id: part, size: 2, type: part}
types:
  part: {seq: [{id: a, type: u2}]}
""",
        ("04 01 41 41 0000", "00 00 41 0000", "01 00 41 0000", "05 00 ff 0000"),
        b"\x00\x01\x02\x05A\xff",
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
    ),
    Case(
        "empty_frames",
        """
seq:
  - {id: a, size: 'n - n'}
instances:
  n: {value: 1}
""",
        ("00", ""),
        why="no bytes are a frame (/, line 1)",
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
        "floats",
        "seq:\n  - {id: magic, contents: F}\n  - {id: a, type: f4, valid: {min: 0.5}}\n  - {id: body, size: 9}\n",
        ("46 3f800000 414141414141414141",),
        why="a float (/seq/1, line 5)",
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
        "processed",
        "seq:\n  - {id: n, type: u1}\n  - {id: a, size: n, process: xor(3), valid: {expr: _.length < 2}}\n",
        ("01 02",),
        why="bytes that are processed before they are looked at (/seq/1, line 5)",
    ),
    Case(
        "joined",
        'seq:\n  - {id: a, type: strz}\n  - {id: b, type: strz, valid: {expr: _ == a + "x"}}\n',
        ("4100 417800",),
        why="`+` of a string (/seq/1, line 5)",
    ),
    Case(
        "sizes_by_index",
        """
seq:
  - {id: a, contents: IX}
  - {id: n, type: u1}
  - {id: sizes, type: u1, repeat: expr, repeat-expr: n}
  - {id: segs, size: "sizes[_index]", repeat: expr, repeat-expr: n}
  - {id: end, type: u1}
""",
        ("4958 02 01 03 41 424344 00", "4958 03 00 00 01 41 08", "4958 00 41"),
    ),
    Case(
        "sizes_of_entries",
        """
seq:
  - {id: n, type: u1, valid: {max: 3}}
  - {id: table, type: entry, repeat: expr, repeat-expr: n}
  - {id: segs, type: seg, size: "table[_index].len + _index", repeat: expr, repeat-expr: n}
  - {id: last, size: "table[n - 1].len"}
types:
  entry: {seq: [{id: kind, type: u1}, {id: len, type: u1}]}
  seg: {seq: [{id: first, size-eos: true}]}
""",
        ("02 0101 0103 41 42424242 434343", "01 0100", "03 0001 0001 0001 41 4141 414141 42"),
    ),
    Case(
        "sizes_counted_from_the_end",
        """
seq:
  - {id: n, type: u1, valid: {min: 1, max: 4}}
  - {id: sizes, type: u1, repeat: expr, repeat-expr: n}
  - {id: segs, size: "sizes[n - 1 - _index]", repeat: expr, repeat-expr: n}
  - {id: first, size: sizes.first}
  - {id: last, size: sizes.last}
  - {id: second, size: "n > 1 ? sizes[1] : 0"}
""",
        ("02 01 03 424242 41 41 434343 424242", "01 02 4141 4141 4242"),
    ),
    Case(
        "sizes_that_no_element_has",
        """
seq:
  - {id: n, type: u1}
  - {id: sizes, type: u1, repeat: expr, repeat-expr: 2}
  - {id: segs, size: "sizes[_index]", repeat: expr, repeat-expr: n}
""",
        ("02 01 03 41 424242", "03 01 01 41 41"),
    ),
    Case(
        "sizes_by_index_of_nothing",
        """
seq:
  - {id: n, type: u4}
  - {id: segs, size: "_index % 2", repeat: expr, repeat-expr: n}
""",
        ("00000003 41", "00000004 4142"),
    ),
    Case(
        "known_kinds",
        """
seq:
  - {id: kind, type: u1, enum: kinds, valid: {in-enum: true}}
  - {id: n, type: u1}
  - {id: body, size: n}
enums:
  kinds: {1: one, 2: two, 0x41: letter}
""",
        ("01 02 4142", "41 00", "03 01 41", "02 03 000102"),
    ),
    Case(
        "some_count",
        """
seq:
  - {id: st, type: u1}
  - {id: flags, type: u1}
  - {id: seq, type: u1}
  - {id: n, type: u1}
  - {id: body, size: n}
""",
        ("01 01 05 01 41", "01 02 05 00", "02 03 06 02 4141"),
        stream="{max-frame: 60, sequence: {field: seq, per: st, if: flags & 1 == 1}}",
    ),
    Case(
        "some_checked",
        """
seq:
  - {id: flags, type: u1}
  - {id: n, type: u1}
  - {id: body, size: n}
  - {id: crc, type: u1, if: flags & 2 != 0}
  - {id: sum, type: u1}
""",
        ("01 01 41 43", "03 01 41 02 47", "02 02 0102 04 0b", "00 00 00"),
        stream=(
            "{max-frame: 60, confirm: {chain: 3}, checksum: [{field: crc, algorithm: xor-8, over: [flags..body]}, "
            "{field: sum, algorithm: sum-8, over: [flags..body], if: flags & 1 == 1}]}"
        ),
    ),
)
