"""What follows from what was given: each row of the table of what is derived, with a value and the bytes of it."""

from __future__ import annotations

from typing import Any

import pytest

import sigflow
from tests.building.kit import format_of, mistakes

#: By name: the spec, the value that is given, and the bytes.
CASES: dict[str, tuple[str, dict[str, Any], bytes]] = {
    "contents, and a constant": (
        "seq: [{id: a, contents: AB}, {id: b, type: u1, valid: 7}, {id: c, type: u2, valid: {eq: 0x102}}]",
        {},
        b"AB\x07\x01\x02",
    ),
    "a length": (
        "seq: [{id: n, type: u1}, {id: body, size: n}]",
        {"body": b"xyz"},
        b"\x03xyz",
    ),
    "a length that counts itself": (
        "seq: [{id: n, type: u2}, {id: body, size: n - 4}, {id: crc, type: u2}]",
        {"body": b"xyz", "crc": 1},
        b"\x00\x07xyz\x00\x01",
    ),
    "a length in words": (
        "seq: [{id: n, type: u1}, {id: body, size: (n + 1) * 2}]",
        {"body": b"wxyz"},
        b"\x01wxyz",
    ),
    "a length shifted": (
        "seq: [{id: n, type: u1}, {id: body, size: n << 2}]",
        {"body": b"wxyz"},
        b"\x01wxyz",
    ),
    "a length divided": (
        "seq: [{id: bits, type: u1}, {id: body, size: bits / 8}]",
        {"body": b"xy"},
        b"\x10xy",
    ),
    "a length in two parts": (
        "seq: [{id: lo, type: u1}, {id: hi, type: u1}, {id: body, size: lo | hi << 8}]",
        {"body": bytes(258)},
        b"\x02\x01" + bytes(258),
    ),
    "a length in bits": (
        "seq: [{id: flag, type: b1}, {id: hi, type: b3}, {id: lo, type: b4}, {id: body, size: hi * 16 + lo}]",
        {"flag": True, "body": bytes(18)},
        b"\x92" + bytes(18),
    ),
    "a length in the low bits of a number": (
        "seq: [{id: word, type: u2}, {id: body, size: word & 0xfff}]",
        {"body": b"abc"},
        b"\x00\x03abc",
    ),
    "a length by a tag": (
        "seq: [{id: kind, type: u1}, {id: n, type: u1}, {id: body, size: 'kind == 1 ? n : n * 2'}]",
        {"kind": 2, "body": b"wxyz"},
        b"\x02\x02wxyz",
    ),
    "a length by an instance": (
        "seq: [{id: n, type: u1}, {id: body, size: len_body}]\ninstances: {len_body: {value: n - 1}}",
        {"body": b"ab"},
        b"\x03ab",
    ),
    "a length in a header": (
        """
        seq: [{id: head, type: head}, {id: body, size: head.n}]
        types: {head: {seq: [{id: tag, type: u1}, {id: n, type: u1}]}}
        """,
        {"head": {"tag": 5}, "body": b"ab"},
        b"\x05\x02ab",
    ),
    "a length in the parent, of what a child holds": (
        """
        seq: [{id: n, type: u1}, {id: inner, type: inner}]
        types: {inner: {seq: [{id: body, size: _parent.n}]}}
        """,
        {"inner": {"body": b"ab"}},
        b"\x02ab",
    ),
    "a length handed on as a param": (
        """
        seq: [{id: n, type: u1}, {id: inner, type: inner(n - 1)}]
        types: {inner: {params: [{id: size, type: u1}], seq: [{id: body, size: size}]}}
        """,
        {"inner": {"body": b"ab"}},
        b"\x03ab",
    ),
    "the size of an object": (
        """
        seq: [{id: n, type: u1}, {id: inner, size: n, type: inner}]
        types: {inner: {seq: [{id: a, type: u1}, {id: m, type: u1}, {id: rest, size: m}]}}
        """,
        {"inner": {"a": 9, "rest": b"xyz"}},
        b"\x05\x09\x03xyz",
    ),
    "lengths in lengths": (
        """
        seq: [{id: total, type: u1}, {id: part, size: total, type: part}]
        types:
          part: {seq: [{id: n, type: u1}, {id: items, type: item, repeat: expr, repeat-expr: n}]}
          item: {seq: [{id: n, type: u1}, {id: text, type: str, size: n}]}
        """,
        {"part": {"items": [{"text": "a"}, {"text": "bcd"}]}},
        b"\x07\x02\x01a\x03bcd",
    ),
    "lengths in a list": (
        """
        seq:
          - {id: sizes, type: u1, repeat: expr, repeat-expr: 2}
          - {id: parts, size: 'sizes[_index]', repeat: expr, repeat-expr: 2}
        """,
        {"parts": [b"a", b"bcd"]},
        b"\x01\x03abcd",
    ),
    "a count": (
        "seq: [{id: n, type: u1}, {id: items, type: u2, repeat: expr, repeat-expr: n}]",
        {"items": [1, 2, 3]},
        b"\x03\x00\x01\x00\x02\x00\x03",
    ),
    "two fields of one length": (
        "seq: [{id: n, type: u1}, {id: a, size: n}, {id: b, size: n}]",
        {"a": b"ab", "b": b"cd"},
        b"\x02abcd",
    ),
    "the offset of an instance": (
        """
        seq: [{id: at, type: u2}, {id: n, type: u1}]
        instances: {body: {pos: at, size: n}}
        """,
        {"body": b"xyz"},
        b"\x00\x03\x03xyz",
    ),
    "the tag of a switch": (
        """
        seq:
          - {id: tag, type: u1}
          - {id: body, type: {switch-on: tag, cases: {1: one, 2: two}}}
        types:
          one: {seq: [{id: a, type: u1}]}
          two: {seq: [{id: b, type: u2}]}
        """,
        {"body": {"b": 5}},
        b"\x02\x00\x05",
    ),
    "the tag of a switch by an enum": (
        """
        seq:
          - {id: tag, type: u1, enum: kind}
          - {id: body, type: {switch-on: tag, cases: {'kind::text': strz, 'kind::number': u4}}}
        enums: {kind: {1: text, 2: number}}
        """,
        {"body": 7},
        b"\x02\x00\x00\x00\x07",
    ),
    "the case by its name": (
        """
        seq:
          - {id: tag, type: u1}
          - {id: body, type: {switch-on: tag, cases: {1: one, 2: two}}}
        types:
          one: {seq: [{id: a, type: u1}]}
          two: {seq: [{id: a, type: u2}]}
        """,
        {"body": {"type": "two", "a": 5}},
        b"\x02\x00\x05",
    ),
    "the size of what stands behind, with a case": (
        """
        seq:
          - {id: tag, type: u1}
          - {id: n, type: u1}
          - {id: body, size: n, type: {switch-on: tag, cases: {1: one}}}
        types: {one: {seq: [{id: a, type: u2}, {id: text, type: strz}]}}
        """,
        {"body": {"a": 5, "text": "hi"}},
        b"\x01\x05\x00\x05hi\x00",
    ),
    "a default": (
        "seq: [{id: a, type: u1, -sigflow-default: 1}, {id: b, type: u1, -sigflow-default: a + 1}]",
        {},
        b"\x01\x02",
    ),
    "a field that its condition leaves out": (
        "seq: [{id: has, type: u1}, {id: a, type: u1, if: has == 1}, {id: b, type: u1}]",
        {"has": 0, "b": 2},
        b"\x00\x02",
    ),
    "terminators and padding": (
        """
        seq:
          - {id: a, type: strz}
          - {id: b, type: str, size: 5, pad-right: 0x20}
          - {id: c, type: str, size: 4, terminator: 0}
          - {id: d, terminator: 0x3b, include: true}
        """,
        {"a": "x", "b": "yz", "c": "w", "d": b"q;"},
        b"x\x00yz   w\x00\x00\x00q;",
    ),
    "bytes without a name": (
        "seq: [{id: a, type: u1}, {size: 3}, {id: b, type: u1}]",
        {"a": 1, "b": 2},
        b"\x01\x00\x00\x00\x02",
    ),
    "processes": (
        """
        seq:
          - {id: n, type: u1}
          - {id: a, size: n, process: xor(0x55)}
          - {id: b, size: 2, process: rol(3)}
          - {id: c, size: 2, process: 'xor([1, 2])'}
        """,
        {"a": b"\x00\x55", "b": b"\x08\x10", "c": b"\x00\x00"},
        b"\x02\x55\x00\x01\x02\x01\x02",
    ),
    "a number in digits": (
        "seq: [{id: n, type: str, terminator: 0x20}, {id: body, size: n.to_i}]",
        {"body": bytes(12)},
        b"12 " + bytes(12),
    ),
    "a varint": (
        """
        seq: [{id: n, type: vlq}, {id: body, size: n.value}]
        types:
          vlq:
            seq: [{id: groups, type: group, repeat: until, repeat-until: not _.more}]
            instances:
              value: {value: 'groups[0].digit + (groups.size > 1 ? groups[1].digit << 7 : 0)'}
          group: {seq: [{id: more, type: b1}, {id: digit, type: b7}]}
        """,
        {"body": bytes(200)},
        b"\xc8\x01" + bytes(200),
    ),
    "a varint that counts itself": (
        """
        seq: [{id: n, type: vlq}, {id: body, size: n.value - n.groups.size}]
        types:
          vlq:
            seq: [{id: groups, type: group, repeat: until, repeat-until: not _.more}]
            instances:
              value: {value: 'groups[0].digit + (groups.size > 1 ? groups[1].digit << 7 : 0)'}
          group: {seq: [{id: more, type: b1}, {id: digit, type: b7}]}
        """,
        {"body": bytes(127)},
        b"\x81\x01" + bytes(127),
    ),
    "what an instance is computed of": (
        "seq: [{id: raw, type: s2}]\ninstances: {volts: {value: raw * 0.01 - 5}}",
        {"volts": 1.25},
        b"\x02\x71",
    ),
    "a physical value": (
        "seq: [{id: raw, type: u2, -sigflow-scale: 0.5, -sigflow-offset: -40, -sigflow-unit: C}]",
        {"raw_physical": 10.0},
        b"\x00\x64",
    ),
    "a byte order that the bytes tell": (
        """
        seq: [{id: mark, type: u1}, {id: body, type: body}]
        types:
          body:
            meta: {endian: {switch-on: _root.mark, cases: {0x49: le, _: be}}}
            seq: [{id: a, type: u2}]
        """,
        {"mark": 0x49, "body": {"a": 1}},
        b"I\x01\x00",
    ),
    "flags that end a list": (
        """
        seq: [{id: parts, type: part, repeat: until, repeat-until: _.last}]
        types: {part: {seq: [{id: last, type: b1}, {id: a, type: b7}]}}
        """,
        {"parts": [{"a": 1}, {"a": 2}]},
        b"\x01\x82",
    ),
    "what a stream's size decides": (
        "seq: [{id: body, size: _io.size - 2}, {id: crc, type: u2}]",
        {"body": b"abc", "crc": 1},
        b"abc\x00\x01",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_follows(name: str) -> None:
    spec, value, raw = CASES[name]
    assert format_of(spec).build(value) == raw


@pytest.mark.parametrize("name", CASES)
def test_and_what_it_says_is_read_again(name: str) -> None:
    spec, _, raw = CASES[name]
    format = format_of(spec)
    value = format.parse(raw)
    assert format.build(value) == raw


#: By name: the spec, a value, and the path and a part of the text of each mistake.
MISTAKES: dict[str, tuple[str, dict[str, Any], list[tuple[str, str]]]] = {
    "not solvable": (
        "seq: [{id: n, type: u1}, {id: body, size: n * 2}]",
        {"body": b"abcde"},
        [("body", "its size is 5, and no n makes `n * 2` give that"), ("n", "nothing was given")],
    ),
    "two unknown": (
        "seq: [{id: a, type: u1}, {id: b, type: u1}, {id: body, size: a * b}]",
        {"body": b"abcd"},
        [("body", "its size is 4"), ("a", "nothing was given"), ("b", "nothing was given")],
    ),
    "two lengths of one field": (
        "seq: [{id: n, type: u1}, {id: a, size: n}, {id: b, size: n}]",
        {"a": b"ab", "b": b"cde"},
        [("b", "its size is 3")],
    ),
    "a conflict": (
        "seq: [{id: n, type: u1}, {id: body, size: n}]",
        {"n": 2, "body": b"abc"},
        [("n", "2 was given, but 3 follows")],
    ),
    "a length that does not fit": (
        "seq: [{id: n, type: u1}, {id: body, size: n}]",
        {"body": bytes(256)},
        [("n", "256 does not fit: 0 to 255")],
    ),
    "two cases": (
        """
        seq: [{id: tag, type: u1}, {id: body, type: {switch-on: tag, cases: {1: one, 2: two}}}]
        types: {one: {seq: [{id: a, type: u1}]}, two: {seq: [{id: a, type: u2}]}}
        """,
        {"body": {"a": 1}},
        [("body", "it may be type")],
    ),
    "all at once": (
        """
        seq:
          - {id: a, type: u1}
          - {id: b, type: str, size: 2}
          - {id: c, type: u1, valid: {min: 5}}
          - {id: d, contents: OK}
          - {id: e, type: strz}
          - {id: f, type: u1, enum: color}
          - {id: g, type: s1}
          - {id: h, size: 2}
        enums: {color: {1: red, 2: green}}
        """,
        {"a": -1, "b": "\u20ac", "c": 4, "d": b"NO", "e": "x\x00y", "f": "rad", "g": 128, "hh": b""},
        [
            ("a", "-1 does not fit: 0 to 255"),
            ("b", "cannot be written in ascii"),
            ("b", "2 bytes are wanted"),
            ("c", "it must be at least 5"),
            ("d", "it must be b'OK'"),
            ("e", "would end it"),
            ("f", "did you mean 'red'"),
            ("g", "128 does not fit: -128 to 127"),
            ("hh", "did you mean 'h'"),
            ("h", "nothing was given"),
        ],
    ),
    "a field that is not there": (
        "seq: [{id: has, type: u1}, {id: a, type: u1, if: has == 1}]",
        {"has": 0, "a": 5},
        [("a", "says that it is not there")],
    ),
    "too long and too short": (
        "seq: [{id: a, size: 2}, {id: b, size: 2}, {id: c, type: str, size: 2, pad-right: 0x20}]",
        {"a": b"abc", "b": b"a", "c": "abc"},
        [("a", "3 bytes do not fit in 2"), ("b", "2 bytes are wanted"), ("c", "3 bytes do not fit in 2")],
    ),
    "padding at the end": (
        "seq: [{id: a, type: str, size: 4, pad-right: 0x20}]",
        {"a": "a "},
        [("a", "is what fills it up")],
    ),
    "a list that does not end": (
        "seq: [{id: a, type: u1, repeat: until, repeat-until: _ == 0}]",
        {"a": [1, 2]},
        [("a[1]", "whether the list ends here")],
    ),
    "kinds of values": (
        "seq: [{id: a, type: u1}, {id: b, size: 1}, {id: c, type: strz}, {id: d, type: f4}]",
        {"a": 1.5, "b": "x", "c": b"x", "d": "x"},
        [("a", "is no integer"), ("b", "expected bytes"), ("c", "expected a text"), ("d", "is no number")],
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    spec, value, expected = MISTAKES[name]
    listed = mistakes(format_of(spec), value)
    for path, text in expected:
        assert any(path == at and text in why for at, why in listed), (path, text, listed)


def test_a_kept_value_is_written_all_the_same() -> None:
    format = format_of("seq: [{id: n, type: u1}, {id: body, size: n}, {id: end, contents: Z}]")
    value = {"n": 2, "body": b"abc", "end": b"Y"}
    assert format.build(value, keep="all") == b"\x02abcY"
    assert format.build({**value, "end": b"Z"}, keep=["n"]) == b"\x02abcZ"
    assert [path for path, _ in mistakes(format, value, keep=["end"])] == ["n"]


def test_a_header_in_lines_is_built_of_its_texts() -> None:
    format = sigflow.load("instrument_hdr")
    payload = b"\x01\x00\x02\x00"
    raw = format.build({"metadata": {"DEV": "X1", "LEN": "9", "ENDIAN": "L"}, "payload": payload})
    assert raw == b"*HDR\r\nDEV:X1\r\nLEN:4\r\nENDIAN:L\r\n;END\r\n" + payload + bytes.fromhex("abcedafb")
    # A key whose value is computed stands last where it has no place of its own.
    assert b"DEV:X1\r\nLEN:4\r\n;END" in format.build({"metadata": {"DEV": "X1"}, "payload": payload})
    assert [path for path, _ in mistakes(format, {"metadata": {"D:V": "x"}, "payload": payload})] == [
        "lines[0].text.key_bytes"
    ]
    for record in sigflow.open("samples/oscilloscope.hdr", format):
        assert format.build({"metadata": record.metadata, "payload": bytes(record.payload)}) == record.raw
