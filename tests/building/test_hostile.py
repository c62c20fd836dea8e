"""Values that ask for too much: bounded time and memory, and a clear word."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import sigflow
from tests.building.kit import format_of, mistakes

NESTED = """
seq: [{id: a, type: u1}, {id: more, type: thing, if: a == 1}]
"""


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"a": 0}
    for _ in range(depth):
        value = {"a": 1, "more": value}
    return value


def test_objects_in_objects() -> None:
    format = format_of(NESTED)
    assert format.build(nested(50)) == b"\x01" * 50 + b"\x00"
    for depth in (150, 250, 5000):
        limit = sys.getrecursionlimit()
        (mistake,) = mistakes(format, nested(depth)) or [("", "nested too deep")]
        assert "nested" in mistake[1] and sys.getrecursionlimit() == limit
    value = nested(3)
    value["more"]["more"] = value
    assert "nested" in mistakes(format, value)[0][1]


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ("seq: [{id: n, type: u4}, {size: n}]", {"n": 0xFFFFFFFF}),
        (
            "seq: [{id: a, type: u4}, {id: b, type: u4}, {id: c, size: a * b, type: t}]\ntypes: {t: {seq: []}}",
            {"c": {}},
        ),
        ("seq: [{id: at, type: u8}]\ninstances: {body: {pos: at, size: 1}}", {"at": 1 << 62, "body": b"x"}),
    ],
)
def test_sizes_and_places_beyond_all_bounds(spec: str, value: dict[str, Any]) -> None:
    for name in ("a", "b"):
        if f"id: {name}," in spec:
            value = {**value, name: 0xFFFFFFFF}
    assert mistakes(format_of(spec), value)


def test_a_frame_above_its_limit() -> None:
    format = sigflow.load("nmea0183")
    value = {"start": "$", "body": {"address": "GPXXX", "fields": ["x" * 2000]}}
    assert any("limit is 1024" in text or "too-long" in text for _, text in mistakes(format, value))


def test_what_is_no_value() -> None:
    format = sigflow.load("sgf1")
    for value in (None, 1, "x", [], b"", object()):
        with pytest.raises(sigflow.errors.UsageError):
            format.build(value)
    with pytest.raises(sigflow.errors.UsageError, match="is a frame of ubx"):
        format.build({"format": "ubx", "value": {}})
    for payload in (object(), {}, [1], 5, "zz", float("nan")):
        assert mistakes(format, {"version": 1, "stream_id": 1, "sequence": 1, "flags": {}, "payload": payload})
    assert mistakes(format, {1: 2, None: 3})
