"""Kaitai's conventions of read-write classes: what programs written for its Python target's `--read-write` rely on."""

from __future__ import annotations

import sys
import zlib
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import kaitaistruct
import pytest
from kaitaistruct import ConsistencyError, ConsistencyNotCheckedError, EndOfStreamError, ReadWriteKaitaiStruct

import sigflow
from sigflow.compiler import build
from sigflow.runtime import KaitaiStream
from sigflow.runtime.readwrite import WriteStream
from tests.writing.kit import compiled, differs, grown, made_anew, read, written

SPEC = """\
meta: {id: x, endian: le}
seq:
  - {id: ofs, type: u1}
  - {id: len, type: u1}
  - {id: part, size: 3, type: t}
types:
  t: {seq: [{id: v, type: u2}]}
instances:
  body: {pos: ofs, size: len}
  end: {value: ofs + len}
"""
RAW = b"\x06\2\x34\x12\0?ab"


def stream(size: int) -> Any:
    return kaitaistruct.KaitaiStream(BytesIO(bytearray(size)))


def test_an_object_is_read_apart_from_being_made(tmp_path: Path) -> None:
    kind = compiled(tmp_path, SPEC)
    for unit in (kind.from_bytes(RAW), kind(kaitaistruct.KaitaiStream(BytesIO(RAW))), kind.from_io(BytesIO(RAW))):
        assert isinstance(unit, ReadWriteKaitaiStruct)
        assert unit._dirty
        assert not hasattr(unit, "ofs")
        unit._read()
        assert (unit.ofs, unit.part.v, unit.body, unit._dirty, unit.part._dirty) == (6, 0x1234, b"ab", False, False)


def test_an_object_is_made_from_nothing(tmp_path: Path) -> None:
    kind = compiled(tmp_path, SPEC)
    unit = kind()
    unit.ofs, unit.len, unit.body = 5, 2, b"xy"
    unit.part = kind.T(None, unit, unit._root)
    unit.part.v = 7
    assert unit._io is None
    unit._check()
    assert written(unit, 7) == b"\5\2\7\0\0xy"
    assert grown(unit) == b"\5\2\7\0\0xy"


def test_a_check_goes_down(tmp_path: Path) -> None:
    kind = compiled(tmp_path, SPEC)
    unit = read(kind, RAW)
    unit.part.v = 7
    assert (unit._dirty, unit.part._dirty) == (False, True)
    with pytest.raises(ConsistencyNotCheckedError, match="has not been called"):
        unit._write(stream(8))
    unit._check()
    assert (unit._dirty, unit.part._dirty) == (False, False)
    assert written(unit, RAW) == RAW.replace(b"\x34\x12", b"\7\0")


def test_an_object_in_an_object_is_checked_by_itself(tmp_path: Path) -> None:
    unit = read(compiled(tmp_path, SPEC), RAW)
    unit.part.v = 7
    unit.part._check()
    assert not unit.part._dirty
    assert written(unit, RAW)[2] == 7


def test_instances_are_set_disabled_and_forgotten(tmp_path: Path) -> None:
    unit = read(compiled(tmp_path, SPEC), RAW)
    assert unit.end == 8
    unit.len, unit.body = 3, b"abc"
    assert unit.end == 8, "what was computed is kept, as with Kaitai's classes"
    unit._invalidate_end()
    assert unit.end == 9
    unit._check()
    assert written(unit, RAW + b"!")[6:] == b"abc"
    unit.body__enabled = False
    unit._check()
    assert written(unit, 9)[6:] == bytes(3)
    unit._invalidate_body()
    assert unit.body is None


def test_a_check_computes_instances_anew(tmp_path: Path) -> None:
    spec = "meta: {id: x}\nseq: [{id: n, type: u1}, {id: a, size: double}]\ninstances: {double: {value: n * 2}}"
    unit = read(compiled(tmp_path, spec), b"\1ab")
    unit.n, unit.a = 2, b"abcd"
    unit._check()
    assert written(unit, 5) == b"\2abcd"


def test_an_instance_that_was_not_read_is_not_written(tmp_path: Path) -> None:
    unit = compiled(tmp_path, SPEC).from_bytes(RAW)
    unit._read()
    with pytest.raises(ConsistencyError, match=r"_fetch_instances\(\) before"):
        unit._check()
    unit._fetch_instances()
    unit._check()
    assert written(unit, RAW) == RAW


def test_the_steps_of_writing(tmp_path: Path) -> None:
    unit = read(compiled(tmp_path, SPEC), RAW)
    io = stream(8)
    unit._write__seq(io)
    assert unit._should_write_body
    assert io.to_byte_array() == b"\x06\2" + bytes(6)
    unit._fetch_instances()
    assert not unit._should_write_body
    unit._io.write_back_child_streams()
    assert io.to_byte_array() == RAW.replace(b"?", b"\0")
    assert io.pos() == 5


def test_an_instance_that_is_asked_for_is_written(tmp_path: Path) -> None:
    unit = read(compiled(tmp_path, SPEC), RAW)
    unit._write__seq(stream(8))
    assert unit.body == b"ab"
    assert not unit._should_write_body
    unit._io.seek(6)
    assert unit._io.read_bytes(2) == b"ab"


def test_streams_of_all_kinds_are_written_to(tmp_path: Path) -> None:
    kind = compiled(tmp_path, SPEC)
    file = tmp_path / "out.bin"
    file.write_bytes(bytes(10))
    with open(file, "r+b") as opened:
        io = kaitaistruct.KaitaiStream(opened)
        io.seek(0)
        read(kind, RAW)._write(io)
    assert file.read_bytes() == b"\x06\2\x34\x12\0\0ab\0\0"
    mine = KaitaiStream(BytesIO(bytes(8)))
    read(kind, RAW)._write(mine)
    assert mine.to_byte_array() == RAW.replace(b"?", b"\0")
    again = read(kind, RAW)
    again._io.seek(0)
    again._write()
    assert again._io.to_byte_array() == RAW, "over the bytes that it was read from"
    two = WriteStream()
    for _ in range(2):
        unit = read(compiled(tmp_path, "meta: {id: x}\nseq: [{id: a, type: u2be}]"), b"\1\2")
        unit._write(two)
    assert two.to_byte_array() == b"\1\2\1\2"


def test_nothing_is_half_written(tmp_path: Path) -> None:
    kind = compiled(tmp_path, SPEC)
    unit = read(kind, RAW)
    before = unit._io, unit.part._io
    for io in (stream(7), WriteStream(size=7)):
        with pytest.raises(EndOfStreamError, match="only 1 bytes left"):
            unit._write(io)
        assert io.to_byte_array() == bytes(7)
    assert (unit._io, unit.part._io) == before
    with pytest.raises(TypeError, match="expected a KaitaiStream"):
        unit._write(bytearray(8))
    with pytest.raises(TypeError, match="no stream to write to"):
        made = kind()
        made._write()


def test_a_stream_is_not_made_of_what_a_number_says(tmp_path: Path) -> None:
    spec = """\
meta: {id: x, endian: le}
seq: [{id: n, type: u8}, {id: a, size: n, type: t}]
types: {t: {seq: [{id: v, type: u1}]}}
"""
    unit = read(compiled(tmp_path, spec), b"\1\0\0\0\0\0\0\0a")
    unit.n = 1 << 60
    unit._check()
    with pytest.raises(EndOfStreamError, match="1 bytes left"):
        unit._write(stream(9))


# ---------------------------------------------------------------- what Kaitai's classes do not do, or do too early

COMPRESSED = zlib.compress(b"\7abc")
WRITTEN = {
    "a terminator of two bytes": ("seq: [{id: a, terminator: [1, 2]}, {id: b, type: u1}]", b"ab\1\2c"),
    "to the end, with a terminator": ("seq: [{id: a, size-eos: true, terminator: 0}]", b"ab\0\0"),
    "to the end, with a terminator that is lacking": ("seq: [{id: a, size-eos: true, terminator: 0}]", b"ab"),
    "to the end, with padding": ("seq: [{id: a, size-eos: true, pad-right: 32}]", b"ab  "),
    "an optional terminator": ("seq: [{id: a, terminator: 0, eos-error: false}]", b"ab\0"),
    "an optional terminator that is lacking": ("seq: [{id: a, terminator: 0, eos-error: false}]", b"ab"),
    "an optional terminator of two bytes that an odd byte keeps away": (
        "seq: [{id: a, terminator: [1, 2], eos-error: false}]", b"abc"
    ),
    "a terminator that is left": ("seq: [{id: a, terminator: 0, consume: false}, {id: b, size-eos: true}]", b"ab\0c"),
    "an object that a terminator ends": (
        "seq: [{id: a, terminator: 0, type: t}, {id: b, type: u1}]\ntypes: {t: {seq: [{id: v, size-eos: true}]}}",
        b"abc\0d",
    ),
    "an optional terminator in an object that a terminator ends": (
        "seq: [{id: a, terminator: 0, type: t}, {id: b, type: u1}]\n"
        "types: {t: {seq: [{id: v, terminator: 58, eos-error: false}, {id: w, size-eos: true}]}}",
        b"abc\0d",
    ),
    "an instance in the stream of an object that is compressed": (
        f"seq: [{{id: a, size: {len(COMPRESSED)}, type: t, process: zlib}}, {{id: b, type: u1}}]\n"
        "types: {t: {seq: [{id: v, type: u1}]}}\n"
        "instances: {i: {io: a._io, pos: 1, size: 3}}",
        COMPRESSED + b"b",
    ),
    "an instance that an object reads in the stream of another": (
        "seq: [{id: a, size: 4, type: t, process: xor(1)}, {id: b, size: 1, type: u}]\n"
        "types: {t: {seq: [{id: v, type: u1}]}, u: {seq: [{id: w, type: u1, if: i == 3}], "
        "instances: {i: {io: _parent.a._io, pos: 2, type: u2}}}}",
        b"\0\1\2\1\7",
    ),
    "an instance at a place that depends on how far its stream was written": (
        "seq: [{id: a, type: u1, if: i == 7}]\ninstances: {i: {pos: _io.pos + 2, type: u1}}",
        b"\1\0\7",
    ),
    "bits of both orders": (
        "seq: [{id: a, type: b3}, {id: b, type: b5}, {id: c, type: b12le}, {id: d, type: b4le}]", b"\xa7\x21\x43"
    ),
    "bits of another order in the rest of a byte": (
        "seq: [{id: a, type: b3le}, {id: b, type: t}, {id: c, type: b8}]\n"
        "types: {t: {meta: {bit-endian: be}, seq: [{id: v, type: b4}, {id: w, type: b9le}]}}",
        b"\xa7\x5c\xe1",
    ),
    "bits of an instance over those of fields": (
        "seq: [{id: a, type: b12}, {id: b, type: b4}]\ninstances: {i: {pos: 0, type: b10}}", b"\xa7\x5c"
    ),
    "a terminator that is left, though it is included": (
        "seq: [{id: a, terminator: 0, include: true, consume: false}, {id: b, size-eos: true}]", b"ab\0c"
    ),
    "a list of bits to the end": ("seq: [{id: a, type: b4, repeat: eos}]", b"\x12\x34"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_what_was_read_is_written(name: str, tmp_path: Path) -> None:
    text, raw = WRITTEN[name]
    kind = compiled(tmp_path, f"meta: {{id: x, endian: le}}\n{text}")
    unit = read(kind, raw)
    unit._check()
    assert written(unit, len(raw)) == raw
    assert written(unit, len(raw)) == raw
    assert not differs(unit, read(kind, grown(unit)))
    anew = made_anew(unit)
    anew._check()
    assert not differs(unit, read(kind, grown(anew)))


def test_the_size_of_an_inner_stream_can_be_said(tmp_path: Path) -> None:
    """Where an object ends at a terminator, nothing else says whether its own optional one stands there."""
    text, raw = WRITTEN["an optional terminator in an object that a terminator ends"]
    kind = compiled(tmp_path, f"meta: {{id: x}}\n{text}")
    unit = made_anew(read(kind, raw))
    unit._check()
    assert grown(unit) == b"abc:\0d"
    unit.a__inner_size = 3
    unit._check()
    assert grown(unit) == raw


def test_an_instance_in_the_stream_of_a_later_object(tmp_path: Path) -> None:
    """It is asked for before that stream is there, and written when it is."""
    spec = """\
meta: {id: x}
seq: [{id: n, type: u1, if: i == 2}, {id: a, size: 2, type: t}]
types: {t: {seq: [{id: v, type: u1}]}}
instances: {i: {io: a._io, pos: 1, type: u1}}
"""
    kind = compiled(tmp_path, spec)
    unit = kind()
    unit.n, unit.i, unit.a = 5, 2, kind.T(None, unit, unit)
    unit.a.v = 1
    unit._check()
    assert written(unit, 3) == b"\5\1\2"
    assert written(unit, 3) == b"\5\1\2", "and not into what was written before"


def test_an_object_of_a_foreign_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(ReadWriteKaitaiStruct):  # type: ignore[misc]
        """As Kaitai's compiler makes it."""

        def __init__(self, _io: Any = None, _parent: Any = None, _root: Any = None) -> None:
            super().__init__(_io)
            self._parent, self._root = _parent, _root or self

        def _read(self) -> None:
            self.n = self._io.read_u2le()
            self._dirty = False

        def _fetch_instances(self) -> None:
            pass

        def _write__seq(self, io: Any = None) -> None:
            super()._write__seq(io)
            self._io.write_bits_int_be(4, 15)
            self._io.write_u2le(self.n)

        def _check(self) -> None:
            if self.n > 9:
                raise ConsistencyError("n", 9, self.n)
            self._dirty = False

    module = ModuleType("own")
    module.Own = Own  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "own", module)
    path = tmp_path / "x.ksy"
    path.write_text("meta: {id: x, ks-opaque-types: true}\nseq: [{id: a, type: own}, {id: b, type: u1}]")
    kind: Any = build(str(path), write=True, opaque_types=True).load().X
    unit = read(kind, b"\3\0b")
    unit._check()
    assert written(unit, 4) == b"\xf0\3\0b"
    unit.a.n = 10
    with pytest.raises(ConsistencyNotCheckedError):
        unit._write(stream(4))
    with pytest.raises(ConsistencyError):
        unit._check()


def test_a_format_of_read_write_classes(tmp_path: Path) -> None:
    """A stream spec compiles to them, too, and its frames can be changed and written."""
    root = Path(__file__).resolve().parents[2]
    sgf1 = sigflow.compile(str(root / "formats" / "sgf1.ksy"), write=True)
    records = list(sigflow.open(str(root / "samples" / "valid_telemetry.sgf"), sgf1))
    assert len(records) == 24
    for record in records:
        record.value._check()
        assert grown(record.value) == record.raw


def test_modules_say_whether_they_write(tmp_path: Path) -> None:
    path = tmp_path / "x.ksy"
    path.write_text(SPEC)
    plain, write = (build(str(path), write=write).modules["x"] for write in (False, True))
    assert build(str(path)).modules["x"] == plain
    assert "readwrite" not in plain
    assert "ReadWriteStruct" in write
