"""What frames reach of a spec: counts by hand, over several captures, and beside the lines of the spec."""

from __future__ import annotations

from pathlib import Path

import yaml

import sigflow
from sigflow.coverage import Coverage, annotated
from tests.building.kit import format_of

SPEC = """\
meta: {id: reached, endian: be, encoding: ASCII}
doc: |
  A text of
  several lines.
-sigflow-stream: {confirm: {chain: 2}, max-frame: 100}
seq:
  - id: kind
    type: u1
    enum: kinds
  - {id: level, type: u1, valid: {min: 3, max: 9}}
  - id: extra
    type: u1
    if: kind == kinds::long
  - {id: n, type: u1}
  - id: parts
    type: u1
    repeat: expr
    repeat-expr: n
  - id: body
    type:
      switch-on: level
      cases:
        3: low
        4: high
  - {id: text, type: strz}
instances:
  shown: {value: "n > 1
      ? (level == 3 ? 1 : 2) : 3"}
types:
  low: {seq: [{id: a, type: b1}, {id: b, type: b7}]}
  high: {seq: [{id: word, type: s2}]}
enums:
  kinds: {1: short, 2: long, 3: other}
"""


def counts(format: sigflow.Format, *captures: bytes) -> dict[str, int]:
    coverage = Coverage([format])
    for raw in captures:
        for record in sigflow.open(raw, format):
            coverage.add(record)
    return {point.words(): count for point, count in coverage.points(0)}


def frames(format: sigflow.Format) -> tuple[bytes, bytes]:
    first = {"kind": 1, "level": 3, "parts": [0], "body": {"a": 1, "b": 0}, "text": ""}
    second = {"kind": "long", "level": 4, "extra": 255, "parts": [1, 255], "body": {"word": -32768}, "text": "ab"}
    return format.build(first) * 2, format.build(second) * 2


def test_what_two_captures_reach(tmp_path: Path) -> None:
    path = tmp_path / "reached.ksy"
    path.write_text(SPEC)
    format = sigflow.compile(path)
    first, second = frames(format)
    alone, both = counts(format, first), counts(format, first, second)
    assert alone["reached.kind: enum short"] == 2 and not alone["reached.kind: enum long"]
    wanted = {
        "reached.kind": 4, "reached.kind: enum short": 2, "reached.kind: enum long": 2, "reached.kind: enum other": 0,
        "reached.level": 4, "reached.level: bound min 3": 2, "reached.level: bound max 9": 0,
        "reached.extra": 2, "reached.extra: if true": 2, "reached.extra: if false": 2,
        "reached.extra: bound min 0": 0, "reached.extra: bound max 255": 2,
        "reached.n": 4,
        "reached.parts": 4, "reached.parts: length 0": 0, "reached.parts: length 1": 2,
        "reached.parts: length more": 2, "reached.parts: bound min 0": 2, "reached.parts: bound max 255": 2,
        "reached.body": 4, "reached.body: case 3": 2, "reached.body: case 4": 2, "reached.body: case none of them": 0,
        "reached.text": 4, "reached.text: length 0": 2, "reached.text: length 1": 0, "reached.text: length more": 2,
        "reached.shown": 4,
        "reached.shown: branch n > 1: true": 2, "reached.shown: branch n > 1: false": 2,
        "reached.shown: branch level == 3: true": 0, "reached.shown: branch level == 3: false": 2,
        "low.a": 2, "low.a: bound min 0": 0, "low.a: bound max 1": 2,
        "low.b": 2, "low.b: bound min 0": 2, "low.b: bound max 127": 0,
        "high.word": 2, "high.word: bound min -32768": 2, "high.word: bound max 32767": 0,
    }  # fmt: skip
    assert both == wanted


def test_an_annotated_spec_means_what_it_meant(tmp_path: Path) -> None:
    path = tmp_path / "reached.ksy"
    path.write_text(SPEC)
    format = sigflow.compile(path)
    coverage = Coverage([format])
    for record in sigflow.open(frames(format)[0], format):
        coverage.add(record)
    text = annotated(SPEC, coverage.points(0))
    assert yaml.safe_load(text) == yaml.safe_load(SPEC)
    lines = text.splitlines()
    assert "  - id: kind  # 2; enum short 2; never: enum long, enum other" in lines
    assert "  - id: extra  # never; if false 2; never: if true, bound min 0, bound max 255" in lines
    shown = next(place for place, line in enumerate(lines) if "shown:" in line)
    assert lines[shown - 1].startswith("  # 2; branch n > 1: false 2; never: branch n > 1: true, branch level == 3")


def test_what_does_not_parse_reaches_what_came_before() -> None:
    format = format_of("seq: [{id: a, type: u1}, {id: b, type: u2}]")
    reached = counts(format, b"\x07\x01")
    assert (reached["thing.a"], reached["thing.b"]) == (1, 0)
