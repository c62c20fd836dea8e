"""Bytes and strings: where they end, how they compare, what they say."""

from __future__ import annotations

from tests.compiler.native_specs.case import Case

CASES = (
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
        bails_out=True,
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
        "literals",
        """
seq:
  - {id: a, type: u1, valid: {expr: '_ == [4, 1, 65].min or _ == [4, 1, 65].max'}}
  - {id: b, type: u1, valid: {expr: '_ == [4, 1, 65].first or _ == [2, 1, 65].last'}}
  - {id: c, type: u1, valid: {expr: '_ == [4, 1, 65].length or _ == "four".length or _ == "7".to_i'}}
  - {id: d, size: 2, valid: {expr: '_ == [0x41, 0x41] or _ == [1, 2] or _.first == [65, 66].min'}}
""",
        ("01 04 03 4141", "41 41 04 0102", "01 41 07 4100", "01 04 07 0102", "04", "01 02", "41 04 05"),
        b"\x01\x02\x03\x04\x07ABCD",
    ),
    Case(
        "literal_or_read",
        """
seq:
  - {id: a, type: u1}
  - {id: d, size: 2}
  - {id: b, type: u1, valid: {expr: '(a < 2 ? d : [0x41, 0x42]).index_of(_) >= 0'}}
  - {id: c, type: u1, valid: {expr: '(a < 2 ? d : [0x41, 0x42]).max >= _'}}
  - {id: e, type: u1, valid: {expr: '(a < 2 ? d : [0x41, 0x42])[1] != _'}}
""",
        ("01 4142 42 41 41", "00 0102 01 02 01", "01 4142 01", "01 4101 41 42", "01 4142 42 41 42", "02 4142 42 41 41"),
        b"\x00\x01\x02\x41\x42",
        bails_out=True,
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
        bails_out=True,
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
)
