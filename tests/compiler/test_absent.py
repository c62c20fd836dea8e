"""Fields that are not there: None, or with `--absent missing` no attributes, as in Kaitai's Python target.  Frames, and
what is told of them, are the same either way.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import sigflow
from sigflow.catalog import format_of
from sigflow.compiler import build
from sigflow.errors import UsageError
from tests.compiler.test_native_measure import all_agree, inputs

SPEC = """\
meta: {id: x, endian: le DEBUG}
seq:
  - {id: n, type: u1}
  - {id: opt, type: u2, if: n > 5}
  - {id: sw, type: {switch-on: n, cases: {1: u1, 9: sub}}}
  - {id: many, type: u1, repeat: expr, repeat-expr: 2, if: n == 9}
  - {id: mixed, type: {switch-on: n, cases: {1: u1, 9: sub}}, repeat: expr, repeat-expr: 2}
  - {id: part, size: 1, process: xor(1), if: n == 9}
  - {id: last, type: u1}
types: {sub: {seq: [{id: x, type: u1, if: _root.n != 9}, {id: y, type: u1}]}}
instances:
  value: {value: 5, if: n == 9}
  read: {pos: 0, type: u1, if: n == 9}
  chosen: {pos: 0, type: {switch-on: n, cases: {9: u1}}}
"""
#: Bytes, and the attributes that are not there.
READ = {
    "nothing": (b"\0\7", {"opt", "sw", "many", "part", "_raw_part"}),
    "one": (b"\1\2\3\4\7", {"opt", "many", "part", "_raw_part"}),
    "all": (b"\x09\1\0\2\3\4\5\6\1\7", set()),
}


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("name", READ)
def test_a_field_that_is_not_there_is_no_attribute(name: str, debug: bool, tmp_path: Path) -> None:
    data, absent = READ[name]
    path = tmp_path / "x.ksy"
    path.write_text(SPEC.replace(" DEBUG", ", ks-debug: true" if debug else ""), encoding="utf-8")
    values = {}
    for kind in ("none", "missing"):
        x = values[kind] = build(path, absent=kind).load().X.from_bytes(data)
        if debug:
            x._read()
    missing, none = values["missing"], values["none"]
    fields = {*type(none)._FIELDS, "_raw_part"}
    assert {field for field in fields if not hasattr(missing, field)} == absent
    assert missing.last == none.last == 7
    for field in fields - absent:
        assert hasattr(missing, field) and type(getattr(missing, field)).__name__ == type(getattr(none, field)).__name__
    assert all(getattr(none, field) is None for field in absent if field in type(none)._FIELDS)
    if name == "all":
        assert not hasattr(missing.sw, "x") and none.sw.x is None and missing.sw.y == none.sw.y == 2
    for instance in ("value", "read", "chosen"):  # of an instance None is the value either way
        assert getattr(missing, instance) == getattr(none, instance)
        assert (getattr(missing, instance) is None) is (name != "all")


STREAM = """\
meta: {id: s, endian: be, encoding: ASCII}
-sigflow-stream:
  checksum: {field: sum, algorithm: sum-8, over: [magic..name]}
  kind: kind
  sequence: {field: counter, per: kind}
  time: {field: when, unit: s}
  payload: body
seq:
  - {id: magic, contents: OP}
  - {id: flags, type: u1}
  - {id: kind, type: u1, enum: kind, if: flags & 1 != 0}
  - {id: counter, type: u1}
  - {id: when, type: u4, if: flags & 2 != 0}
  - {id: len, type: u1, if: flags & 4 != 0}
  - {id: body, size: len, if: flags & 4 != 0, -sigflow-note: {if: len == 0, code: empty, text: nothing in it}}
  - {id: name, type: str, size: 1}
  - {id: sum, type: u1}
enums: {kind: {1: one}}
"""


def frame(flags: int, counter: int) -> bytes:
    raw = b"OP" + bytes((flags,)) + (b"\1" if flags & 1 else b"") + bytes((counter,))
    raw += (b"\0\0\0\5" if flags & 2 else b"") + (b"\2xy" if flags & 4 else b"") + (b"\xff" if flags & 8 else b"n")
    return raw + bytes((sum(raw) & 0xFF,))


def test_a_stream_reads_the_same(tmp_path: Path) -> None:
    path, capture = tmp_path / "s.ksy", tmp_path / "s.bin"
    path.write_text(STREAM, encoding="utf-8")
    capture.write_bytes(b"".join(frame(n % 16, n) for n in range(64)) + b"damage" + frame(7, 65))
    reports, tables, shown = [], [], []
    for kind in ("none", "missing"):
        recording = sigflow.open(capture, format_of(build(path, absent=kind)))
        tables.append(recording.to_arrow())
        reports.append(recording.validate())
        shown.append([(r.start, r.diagnostics, r.payload, r.sequence, r.time) for r in recording])
    assert tables[0].equals(tables[1]) and tables[0].num_rows == 65
    assert str(reports[0]) == str(reports[1])
    assert shown[0] == shown[1]


def test_another_word_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.ksy").write_text("meta: {id: x}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="none, missing"):
        build(tmp_path / "x.ksy", absent="gone")


def test_a_fault_is_told_where_it_is(tmp_path: Path) -> None:
    """An optional field that is not there is not what failed."""
    path = tmp_path / "x.ksy"
    path.write_text(
        "meta: {id: x, endian: le}\nseq:\n  - {id: a, type: u1, if: false}\n  - {id: b, type: u1}\n"
        "  - {id: c, type: u1}\n  - {id: d, type: u2}\n",
        encoding="utf-8",
    )
    told = [format_of(build(path, absent=kind)) for kind in ("none", "missing")]
    (tmp_path / "x.bin").write_bytes(b"\1\2\3")
    paths = [next(iter(sigflow.open(tmp_path / "x.bin", spec_path))).diagnostics[0].path for spec_path in told]
    assert paths == ["d", "d"]


INSIDE = """\
meta: {id: s, endian: be}
-sigflow-stream: {confirm: {chain: 4}, max-frame: 64}
seq:
  - {id: magic, contents: OPTS}
  - {id: n, type: u1, valid: {max: 3}}
  - {id: part, type: part, size: 2}
  - {id: open, type: part}
  - {id: extra, type: u1, if: part.opt == 5}
  - {id: more, size: "open.opt != 5 ? 2 : 1"}
types:
  part: {seq: [{id: v, type: u1, valid: {max: 9}}, {id: opt, type: u1, if: v == 1}]}
"""


def test_what_a_size_asks_of_an_absent_field(tmp_path: Path) -> None:
    """An absent field is equal to nothing, in every engine and whatever its class has for it."""
    path, capture = tmp_path / "s.ksy", tmp_path / "s.bin"
    path.write_text(INSIDE, encoding="utf-8")
    frames = [
        b"OPTS" + bytes((1, 1, 5)) + bytes((1, 5)) + b"x" + b"y",
        b"OPTS" + bytes((2, 1, 6)) + bytes((1, 6)) + b"yy",
        b"OPTS" + bytes((3, 0, 6)) + bytes((0,)) + b"yy",
    ]
    capture.write_bytes(b"".join(frames * 5))
    for kind in ("none", "missing"):
        format = format_of(build(path, absent=kind))
        assert format.envelope is not None and format.envelope.measure.native is not None
        report = sigflow.open(capture, format, engine="python").validate()
        assert (report.frames, report.gap_bytes) == (15, 0), kind
        all_agree(format.envelope, inputs(frames, b"\0\1\5\6OPTS", 1, 100), 2)
