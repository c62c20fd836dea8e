"""Payloads through their codecs, instances in other streams, switches, processes: what a frame is made of."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

import sigflow
from sigflow.codecs.tlv import Element
from sigflow.errors import CodecError
from sigflow.stream.building import built
from tests.building.kit import format_of, mistakes

SGF1 = {"version": 1, "stream_id": 1, "sequence": 1}


def frame(encoding: int, compressed: bool, payload: Any) -> dict[str, Any]:
    flags = {"reserved": 0, "compressed": compressed, "encoding": encoding}
    return {"format": "sgf1", "value": {**SGF1, "flags": flags}, "payload": payload}


LISTED = [{"tag": 1, "value": "00ff"}, {"tag": 0x8002, "value": [{"tag": 3, "value": ""}]}]
RAW = b"\x00\x01\x00\x02\x00\xff\x80\x02\x00\x04\x00\x03\x00\x00"


def test_payloads_are_encoded() -> None:
    sgf1 = sigflow.load("sgf1")
    assert sgf1.parse(sgf1.build(frame(1, False, LISTED))).payload == RAW
    assert zlib.decompress(sgf1.parse(sgf1.build(frame(1, True, LISTED))).payload) == RAW
    assert zlib.decompress(sgf1.parse(sgf1.build(frame(0, True, "0102"))).payload) == b"\x01\x02"
    assert sgf1.parse(sgf1.build(frame(0, False, "0102"))).payload == b"\x01\x02"
    assert sgf1.parse(sgf1.build(frame(0, False, b"\x03"))).payload == b"\x03"
    assert sgf1.parse(sgf1.build(frame(1, False, [Element(1, 0, b"x"), Element(2, 0, memoryview(b"y"))]))).payload == (
        b"\x00\x01\x00\x01x\x00\x02\x00\x01y"
    )


@pytest.mark.parametrize(
    ("encoding", "payload", "text"),
    [
        (0, [1], "no codec of the format encodes that"),
        (0, "zz", ""),
        (1, 5, "expected a list of elements"),
        (1, [5], "expected `tag` and `value`"),
        (1, [{"tag": 1 << 16, "value": ""}], "does not fit"),
        (1, [{"tag": 1, "value": "00" * (1 << 16)}], "at most 65535 fit"),
        (1, [{"tag": 1, "value": "0"}], "failed"),
    ],
)
def test_payloads_that_cannot_be_encoded(encoding: int, payload: Any, text: str) -> None:
    ((path, why),) = mistakes(sigflow.load("sgf1"), frame(encoding, False, payload))
    assert path == "payload" and text in why


def test_a_payload_that_is_given_twice() -> None:
    sgf1 = sigflow.load("sgf1")
    both = frame(1, True, LISTED)
    both["value"]["payload"] = zlib.compress(RAW, 1).hex()  # means the same in other bytes
    assert sgf1.parse(sgf1.build(both)).payload == zlib.compress(RAW, 1)
    for payload in (RAW.hex(), zlib.compress(b"no list").hex(), zlib.compress(RAW + b"\x00\x01\x00\x00").hex()):
        both["value"]["payload"] = payload
        assert "delete one" in mistakes(sgf1, both)[0][1]
    both["payload"] = 7
    assert "delete one" in mistakes(sgf1, both)[0][1]


def test_a_payload_that_is_an_object() -> None:
    format = format_of(
        """
        -sigflow-stream: {sync: M, checksum: {field: sum, algorithm: sum-8, over: mark..body}, payload: body}
        seq:
          - {id: mark, contents: M}
          - {id: n, type: u1}
          - {id: body, size: n, -sigflow-codec: part}
          - {id: sum, type: u1}
        types: {part: {seq: [{id: k, type: u1}, {id: text, size: k}]}}
        """
    )
    raw = format.build({"format": "thing", "value": {}, "payload": {"text": "6162"}})
    assert raw[:5] == b"M\x03\x02ab"
    assert "texts" in mistakes(format, {"format": "thing", "value": {}, "payload": {"k": 9, "texts": ""}})[0][1]


def test_a_codec_of_ones_own() -> None:
    from sigflow import codecs

    with pytest.raises(CodecError, match="cannot encode"):
        codecs.Codec("one-way", lambda payload, *, limit: payload).encode(b"")
    with pytest.raises(CodecError, match="failed"):
        codecs.Codec("broken", lambda payload, *, limit: payload, encode=lambda value: value.nothing).encode(b"")


ELSEWHERE = """
seq:
  - {id: count, type: u1}
  - {id: entries, type: entry, repeat: expr, repeat-expr: count}
  - {id: strings, size: 8, type: strings}
types:
  entry:
    seq: [{id: at, type: u1}]
    instances: {name: {io: _root.strings._io, pos: at, type: strz}}
  strings: {seq: []}
"""


def test_instances_in_the_stream_of_another_object() -> None:
    format = format_of(ELSEWHERE)
    value = {"entries": [{"at": 0, "name": "abc"}, {"at": 4, "name": "de"}], "strings": {}}
    raw = format.build(value)
    assert raw == b"\x02\x00\x04abc\x00de\x00\x00"
    unit = format.parse(raw)
    assert [entry.name for entry in unit.entries] == ["abc", "de"]
    assert format.build(unit) == raw
    changed = built(format, unit, changed={("entries", 1, "name"): "xyz"})
    assert changed.raw == b"\x02\x00\x04abc\x00xyz\x00"


def test_instances_that_are_lists_conditional_or_behind_everything() -> None:
    format = format_of(
        """
        seq: [{id: has, type: u1}, {id: at, type: u1}, {id: n, type: u1}]
        instances:
          items: {pos: at, type: u2, repeat: expr, repeat-expr: n, if: has == 1}
          tail: {size: 2}
        """
    )
    assert format.build({"has": 1, "items": [1, 2]}) == b"\x01\x03\x02\x00\x01\x00\x02"
    assert format.build({"has": 0, "at": 0, "n": 0, "items": [1]}) == b"\x00\x00\x00"
    assert format.build({"has": 0, "at": 0, "n": 0, "tail": b"xy"}) == b"\x00\x00\x00xy"
    assert mistakes(format, {"has": 1, "at": 1 << 40, "items": [1]})


def test_orders_and_params_that_cannot_be_told() -> None:
    undecided = format_of(
        """
        seq: [{id: body, type: body}, {id: mark, type: u1}]
        types:
          body:
            meta: {endian: {switch-on: _root.mark, cases: {1: le, 2: be}}}
            seq: [{id: a, type: u2}, {id: b, type: inner}]
          inner: {seq: [{id: c, type: u2}]}
        """.replace("inner: {seq", "inner: {meta: {endian: be}, seq")
    )
    assert undecided.build({"mark": 1, "body": {"a": 1, "b": {"c": 2}}}) == b"\x01\x00\x00\x02\x01"
    divided = format_of(
        """
        seq: [{id: n, type: u1}, {id: part, type: part(8 / n)}]
        types: {part: {params: [{id: size, type: u1}], seq: [{id: a, size: size}]}}
        """
    )
    assert mistakes(divided, {"n": 0, "part": {"a": b""}})
    assert divided.build({"n": 4, "part": {"a": b"xy"}}) == b"\x04xy"


SWITCHED = """
seq:
  - {id: tag, type: u1}
  - {id: body, type: {switch-on: tag, cases: {1: one, 2: u4, 3: strz, 4: f4}}}
types: {one: {seq: [{id: a, type: u1}]}}
"""


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        ({"tag": 9}, b"\x09"),
        ({"tag": 3, "body": "x"}, b"\x03x\x00"),
        ({"body": {"a": 1}}, b"\x01\x01"),
        ({"body": "x"}, b"\x03x\x00"),
        ({"body": {"type": "one", "a": 1}}, b"\x01\x01"),
        ({"tag": 2, "body": 7}, b"\x02\x00\x00\x00\x07"),
    ],
)
def test_switches(value: dict[str, Any], raw: bytes) -> None:
    format = format_of(SWITCHED)
    assert format.build(value) == raw
    assert format.build(format.parse(raw)) == raw


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"tag": 9, "body": 1}, "no case of"),
        ({"body": b"bytes"}, "fits no case"),
        ({"body": 7}, "it may be"),
        ({"tag": 1, "body": 7}, "expected a mapping"),
        ({"body": {"type": "none", "a": 1}}, "fits no case"),
    ],
)
def test_switches_that_do_not_fit(value: dict[str, Any], text: str) -> None:
    assert any(text in why for _, why in mistakes(format_of(SWITCHED), value))


def test_bytes_in_switches_of_what_is_printed() -> None:
    format = format_of(
        "seq: [{id: tag, type: u1}, {id: body, size: 2, type: {switch-on: tag, cases: {1: one}}}]\n"
        "types: {one: {seq: [{id: a, type: u2}]}}"
    )
    assert format.build({"format": "thing", "value": {"tag": 1, "body": {"a": 1}}}) == b"\x01\x00\x01"
    assert format.build({"format": "thing", "value": {"body": {"a": 1}}}) == b"\x01\x00\x01"


def test_processes_and_what_is_lost_in_them() -> None:
    format = format_of(
        """
        seq:
          - {id: n, type: u1}
          - {id: a, size: n, process: zlib}
          - {id: b, size: 2, process: ror(3)}
          - {id: c, size: 2, process: xor(n / n), type: pair}
        types: {pair: {seq: [{id: x, type: u1}, {id: y, type: u1}]}}
        """
    )
    value = {"a": b"abc" * 9, "b": b"\x01\x02", "c": {"x": 1, "y": 2}}
    raw = format.build(value)
    unit = format.parse(raw)
    assert (unit.a, unit.b, unit.c.y) == (b"abc" * 9, b"\x01\x02", 2) and format.build(unit) == raw
    other = bytes([len(zlib.compress(value["a"], 0))]) + zlib.compress(value["a"], 0) + raw[-4:]
    assert format.build(format.parse(other)) == other  # compressed otherwise, and kept so
    assert mistakes(format, {**value, "n": 0, "a": b""})


def test_lists_and_objects_of_other_kinds() -> None:
    format = format_of(
        """
        seq:
          - {id: items, type: item, repeat: expr, repeat-expr: 2}
          - {id: single, type: item}
          - {id: nums, type: u1, repeat: eos}
        types: {item: {seq: [{id: a, type: u1}]}}
        """
    )
    assert format.build({"items": [{"a": 1}, {"a": 2}], "single": {"a": 3}, "nums": (4, 5)}) == b"\x01\x02\x03\x04\x05"
    unit = format.parse(b"\x01\x02\x03")
    assert format.build({"items": unit.items, "single": unit.single, "nums": []}) == b"\x01\x02\x03"
    for value in (
        {"items": 5, "single": {"a": 1}, "nums": []},
        {"items": [1, 2], "single": {"a": 1}, "nums": []},
        {"items": unit.items, "single": sigflow.load("sgf1"), "nums": []},
        {"items": unit.items, "single": unit, "nums": []},
        {"items": unit.items, "nums": [None]},
        {"items": [None, None], "nums": []},
    ):
        assert mistakes(format, value)


def test_printed_frames_with_the_bytes_they_were_read_from() -> None:
    format = format_of(
        "seq: [{id: a, type: str, size: 4, terminator: 0}, {id: b, size: 2, type: part}]\n"
        "types: {part: {seq: [{id: x, type: u1}]}}"
    )
    raw = b"x\x00yz\x01\x02"
    value = {"a": "x", "b": {"x": 1}}
    assert format.build({"format": "thing", "value": value, "raw": raw.hex()}) == raw
    assert format.build({"format": "thing", "value": value, "raw": raw}) == raw
    assert format.build({"format": "thing", "value": value}) == b"x\x00\x00\x00\x01\x00"
    for held, text in (("zz", "no hexadecimal|not hexadecimal"), (5, ""), ("00", "does not parse")):
        with pytest.raises(sigflow.UsageError, match=text):
            format.build({"format": "thing", "value": value, "raw": held})


def test_floats_and_enums_as_they_are_printed() -> None:
    format = format_of(
        "seq: [{id: f, type: f4}, {id: e, type: u1, enum: kind}, {id: g, type: f8, -sigflow-scale: 2}]\n"
        "enums: {kind: {1: one, 2: two}}"
    )
    for number, raw in (("NaN", b"\x7f\xc0\0\0"), ("Infinity", b"\x7f\x80\0\0"), (1, b"\x3f\x80\0\0")):
        for kind in (1, "one", {"name": "one", "raw": 1}, {"raw": 1}, {"name": "one"}):
            value = {"f": number, "e": kind, "g_physical": 3.0}
            built_raw = format.build({"format": "thing", "value": value})
            assert built_raw[:4] == raw and built_raw[4:] == b"\x01\x3f\xf8\0\0\0\0\0\0"
    for kind in ("onne", {"name": "two", "raw": 1}, {"other": 1}, {}, 1.5):
        assert mistakes(format, {"f": 1.0, "e": kind, "g": 1.0})
    assert mistakes(format, {"f": 1e300, "e": 1, "g": "x"}) and mistakes(format, {"f": True, "e": 1, "g_physical": "x"})


def test_checks_that_nothing_satisfies_or_that_cannot_be_computed() -> None:
    format = format_of(
        """
        seq:
          - {id: a, type: u1, valid: {expr: 10 / _ > 1}}
          - {id: b, type: u1, valid: {any-of: [1, 2]}}
          - {id: c, type: u1, enum: kind, valid: {in-enum: true}}
          - {id: d, type: u1, valid: {max: a}}
        enums: {kind: {1: one}}
        """
    )
    assert format.build({"a": 4, "b": 1, "c": "one", "d": 3}) == b"\x04\x01\x01\x03"
    listed = dict(mistakes(format, {"a": 0, "b": 3, "c": 2, "d": 9}))
    assert "cannot be computed" in listed["a"] and "one of [1, 2]" in listed["b"]
    assert "its enum does not have" in listed["c"] and "at most 0" in listed["d"]


def test_a_process_of_ones_own(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_coder.py").write_text(
        "class Both:\n"
        "    def __init__(self, key):\n        self.key = key\n"
        "    def decode(self, data):\n        return bytes(b ^ self.key for b in data)\n"
        "    encode = decode\n"
        "class OneWay(Both):\n    encode = None\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, possible in (("both", True), ("one_way", False)):
        spec = tmp_path / f"own_{name}.ksy"
        spec.write_text(f"meta: {{id: own_{name}}}\nseq: [{{id: a, size: 2, process: own_coder.{name}(3)}}]\n")
        format = sigflow.compile(spec, allow_imports=["own_coder"])
        if possible:
            assert format.build({"a": b"\x00\x03"}) == b"\x03\x00" and format.parse(b"\x03\x00").a == b"\x00\x03"
        else:
            assert "has no method `encode`" in mistakes(format, {"a": b"\x00\x03"})[0][1]
