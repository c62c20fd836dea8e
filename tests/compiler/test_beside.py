"""Hints beside a spec: a few lines that import somebody else's spec and say what is a frame of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigflow.compiler import build
from sigflow.runtime import Envelope, Measured, Window, maybe_advance

THEIRS = """\
meta: {id: archive, endian: le, imports: [names]}
seq:
  - {id: magic, contents: ARCH}
  - {id: entries, type: entry, repeat: eos}
types:
  entry:
    seq:
      - {id: tag, contents: EN}
      - {id: kind, type: u1, enum: kind}
      - {id: name, type: names::one, size: 4}
      - {id: len_body, type: u2}
      - {id: body, size: len_body}
      - {id: crc, type: u4}
    instances:
      root: {value: _root.as<archive>.magic}
enums: {kind: {1: file}}
"""
NAMES = """\
meta: {id: names}
types: {one: {seq: [{id: text, type: str, encoding: ASCII, size-eos: true}]}}
"""
HINTS = """\
meta: {id: archive_stream, title: Archives, imports: [theirs/archive]}
-sigflow-stream:
  unit: archive::entry
  preamble: true
  checksum: {field: crc, algorithm: CRC-32/ISO-HDLC, over: tag..body}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/archive.ksy").write_text(THEIRS, encoding="utf-8")
    (tmp_path / "theirs/names.ksy").write_text(NAMES, encoding="utf-8")
    return tmp_path


def written(folder: Path, text: str) -> Path:
    path = folder / "archive_stream.ksy"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_imported_spec_is_compiled_with_the_hints_beside_it(folder: Path) -> None:
    built = build(written(folder, HINTS))
    assert built.ok and not built.problems, built.problems
    assert built.main == built.id == "archive_stream" and sorted(built.modules) == ["archive_stream", "names"]
    envelope = built.load().FORMAT
    assert isinstance(envelope, Envelope) and envelope.about.name == "archive_stream"
    assert envelope.about.spec == "archive.ksy"  # where its fields stand
    assert envelope.search.sync == (b"EN",) and envelope.around is not None and envelope.around.preamble is not None
    unit = b"EN\1name\2\0xy\0\0\0\0"
    measured = maybe_advance(envelope.measure.incremental(Window(unit, 0, len(unit), 99)), {})
    assert isinstance(measured, Measured) and measured.length == len(unit)
    root = envelope.around.preamble.decode.parse(b"ARCH", None)
    value = envelope.decode.parse(unit, None)
    assert value.name.text == "name" and value.kind.name == "file" and root.magic == b"ARCH"


def test_a_change_of_either_is_another_module(folder: Path) -> None:
    first = build(written(folder, HINTS)).modules["archive_stream"]
    second = build(written(folder, HINTS + "# more\n")).modules["archive_stream"]
    (folder / "theirs/archive.ksy").write_text(THEIRS + "# more\n", encoding="utf-8")
    third = build(written(folder, HINTS)).modules["archive_stream"]
    assert len({text.splitlines()[1] for text in (first, second, third)}) == 3


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (
            HINTS.replace("over: tag..body", "over: tag..bdy"),
            "archive_stream.ksy:5:65: error SF508: unknown field 'bdy'",
        ),
        (HINTS + "seq:\n  - {id: a, type: u1}\n", "is of another spec: its hints stand in a spec that has no fields"),
        (HINTS.replace("[theirs/archive]", "[theirs/nothing]"), "unknown import 'theirs/nothing'"),
        (HINTS.replace("archive::entry", "archive::entri"), "unknown type 'entri', did you mean 'entry'?"),
    ],
)
def test_mistakes_are_told_where_they_stand(folder: Path, text: str, wrong: str) -> None:
    built = build(written(folder, text))
    assert not built.ok and any(wrong in str(problem) for problem in built.problems), built.problems


def test_hints_that_the_imported_spec_has_are_not_overruled(folder: Path) -> None:
    theirs = folder / "theirs/archive.ksy"
    theirs.write_text(THEIRS.replace("seq:", "-sigflow-stream: {unit: entry}\nseq:", 1), encoding="utf-8")
    built = build(written(folder, HINTS))
    assert not built.ok and "has hints of its own" in str(built.problems[0])
