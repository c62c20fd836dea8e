"""Numbers, bit fields and arithmetic."""

from __future__ import annotations

from tests.compiler.native_specs.case import Case

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
        bails_out=True,
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
        bails_out=True,
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
        "floats",
        "seq:\n  - {id: magic, contents: F}\n  - {id: a, type: f4, valid: {min: 0.5}}\n  - {id: body, size: 9}\n",
        ("46 3f800000 414141414141414141",),
        why="a float (/seq/1, line 5)",
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
)
