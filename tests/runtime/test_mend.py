"""Reading on behind a field of known extent that cannot be decoded."""

from __future__ import annotations

import importlib.util
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow import Format, StreamError
from sigflow.compiler import build
from sigflow.recording.frames import frame_tree

SPEC = """
meta: {id: kept, endian: be, encoding: UTF-8}
seq:
  - {id: magic, contents: K}
  - {id: len_name, type: u1}
  - {id: name, type: str, size: len_name}
  - {id: fixed, type: strz, size: 4, encoding: ASCII}
  - {id: wide, type: str, size: 3, encoding: UTF-16LE}
  - {id: packed, size: 8, process: zlib}
  - {id: inner, size: 8, process: zlib, type: pair}
  - {id: sized, size: 3, type: checked}
  - {id: many, size: 2, type: checked_one, repeat: expr, repeat-expr: 3}
  - {id: words, type: strz, encoding: ASCII, repeat: expr, repeat-expr: 2}
  - {id: kind, type: u1}
  - id: body
    size: 4
    type:
      switch-on: kind
      cases: {1: pair, 2: checked}
  - {id: tail, type: u2}
types:
  pair: {seq: [{id: a, type: u2}, {id: b, type: u4}]}
  checked: {seq: [{id: low, type: u1, valid: {max: 9}}, {id: text, type: str, size: 1}, {id: last, type: u1}]}
  checked_one: {seq: [{id: x, type: u1, valid: {min: 1}}, {id: y, type: u1}]}
"""
RAW = (
    b"K\3\xff\xfea" + b"ab\x80\0" + b"x\0y" + b"no zlib!" + b"nor here" + b"\x20\xff\7" + b"\1\2\0\4\5\6"
    + b"w\xe9\0ok\0" + b"\1" + b"\1\2\3\4" + b"\x12\x34"
)  # fmt: skip


def in_memory(folder: Path, text: str) -> Format:
    path = folder / "kept.ksy"
    path.write_text(text, encoding="utf-8")
    return sigflow.compile(path)


def read_write(folder: Path, text: str) -> Format:
    """Classes whose objects are read apart from being made."""
    path = folder / "kept.ksy"
    path.write_text(text, encoding="utf-8")
    return sigflow.compile(path, write=True)


def from_file(folder: Path, text: str) -> Format:
    """As a module that was compiled before, and is imported."""
    (folder / "kept.ksy").write_text(text, encoding="utf-8")
    (folder / "kept.py").write_text(build(folder / "kept.ksy").modules["kept"], encoding="utf-8")
    spec = importlib.util.spec_from_file_location("kept", folder / "kept.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Format(None, root=module.Kept, name="kept", module=module)


def tree_of(format: Format, raw: bytes) -> dict[str, Any]:
    with sigflow.open(raw, format) as recording:
        (record,) = recording
        return frame_tree(record, format)


@pytest.mark.parametrize("made", [in_memory, from_file, read_write])
def test_each_field_costs_itself(made: Callable[[Path, str], Format], tmp_path: Path) -> None:
    tree = tree_of(made(tmp_path, SPEC), RAW)
    assert tree["value"] == {
        "magic": "4b",
        "len_name": 3,
        "name": "\udcff\udcfea",
        "fixed": "ab\udc80",
        "wide": "x\0y",
        "packed": b"no zlib!".hex(),
        "inner": b"nor here".hex(),
        "sized": {"low": 32, "text": "\udcff", "last": 7},
        "many": [{"x": 1, "y": 2}, {"x": 0, "y": 4}, {"x": 5, "y": 6}],
        "words": ["w\udce9", "ok"],
        "kind": 1,
        "body": {"a": 0x0102, "b": None},
        "tail": 0x1234,
    }
    findings = [(finding["path"], finding["offset"], finding["code"]) for finding in tree["diagnostics"]]
    assert findings == [
        ("name", 2, "encoding"),
        ("fixed", 5, "encoding"),
        ("wide", 9, "encoding"),
        ("packed", 12, "process"),
        ("inner", 20, "process"),
        ("sized.low", 29, "valid"),
        ("sized.text", 29, "encoding"),
        ("many[1].x", 34, "valid"),
        ("words[0]", 37, "encoding"),
        ("body.b", 46, "truncated"),
    ]


def test_a_field_of_unknown_extent_ends_the_reading(tmp_path: Path) -> None:
    """The name is lost and read on behind; the end is not there."""
    format = in_memory(tmp_path, SPEC)
    tree = tree_of(format, RAW[:-3])
    assert tree["value"]["name"] == "\udcff\udcfea"
    assert (tree["value"]["body"], tree["value"]["tail"]) == (None, None)
    assert tree["diagnostics"][-1]["code"] == "truncated"


def test_wrong_magic_is_another_thing(tmp_path: Path) -> None:
    tree = tree_of(in_memory(tmp_path, SPEC), b"X" + RAW[1:])
    assert tree["value"]["len_name"] is None
    assert [finding["path"] for finding in tree["diagnostics"]] == ["magic"]


def test_called_by_itself_and_strictly_it_raises(tmp_path: Path) -> None:
    format = in_memory(tmp_path, SPEC)
    root: Any = format.root
    with pytest.raises(UnicodeDecodeError):
        root.from_bytes(RAW)
    with pytest.raises(UnicodeDecodeError):
        root.from_bytes(RAW)  # what was mended before changes nothing
    with pytest.raises(StreamError), sigflow.open(RAW, format, strict=True) as recording:
        list(recording)


STREAM = """
meta: {id: stream, endian: le, encoding: UTF-8}
-sigflow-stream: {checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: magic..body}}
seq:
  - {id: magic, contents: [0xc0, 0xde]}
  - {id: len_body, type: u1}
  - {id: body, size: len_body, type: inside}
  - {id: crc, type: u4}
types:
  inside:
    seq:
      - {id: name, type: str, size: 3}
      - {id: level, type: u1, valid: {max: 5}}
      - {id: rest, type: str, size-eos: true}
"""


@pytest.mark.parametrize("engine", ["python", "native"])
def test_frames_of_a_stream(engine: str, tmp_path: Path) -> None:
    path = tmp_path / "stream.ksy"
    path.write_text(STREAM, encoding="utf-8")
    format = sigflow.compile(path)
    bodies = [b"abc\1fine", b"a\xffc\x09odd\xfe", b"xyz\2end"]
    raw = b""
    for body in bodies:
        head = b"\xc0\xde" + bytes([len(body)]) + body
        raw += head + struct.pack("<I", zlib.crc32(head))
    with sigflow.open(raw, format, engine=engine) as recording:
        records = list(recording)
        report = recording.validate()
    assert [(record.value.body.name, record.value.body.rest) for record in records] == [
        ("abc", "fine"), ("a\udcffc", "odd\udcfe"), ("xyz", "end"),
    ]  # fmt: skip
    assert records[1].value.crc == zlib.crc32(b"\xc0\xde\x08" + bodies[1])
    start = records[1].start
    assert [(record.path, record.offset - start) for record in report.diagnostics] == [
        ("body.name", 3), ("body.level", 7), ("body.rest", 7),
    ]  # fmt: skip


def test_many_faults_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "lots.ksy"
    path.write_text(
        "meta: {id: lots, encoding: UTF-8}\nseq:\n  - {id: all, type: str, size: 1, repeat: eos}\n", encoding="utf-8"
    )
    tree = tree_of(sigflow.compile(path), b"\xff" * 10_000)
    assert len(tree["diagnostics"]) == 65
    assert tree["value"]["all"][:2] == ["\udcff", "\udcff"]


def test_a_limit_ends_the_reading(tmp_path: Path) -> None:
    """One bomb is inflated up to the limit, not each of them."""
    path = tmp_path / "bombs.ksy"
    path.write_text(
        "meta: {id: bombs}\nseq:\n  - {id: len, type: u1}\n  - {id: all, size: len, process: zlib, repeat: eos}\n",
        encoding="utf-8",
    )
    bomb = zlib.compress(bytes(1 << 20))[:200]
    limits = sigflow.Limits(inflated=1000)
    with sigflow.open(bytes([len(bomb)]) + bomb * 50, sigflow.compile(path), limits=limits) as recording:
        (record,) = recording
        assert record.value.all == []
        assert len(record.diagnostics) == 1
