"""Checksums of units in a framing: its literals, what stands behind a unit, and bytes as they stand on the wire."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

import sigflow
from sigflow import checksums
from sigflow.compiler import build
from sigflow.errors import UsageError
from sigflow.events import Gap, Record
from sigflow.stream.format import Format

X25 = checksums.get("CRC-16/IBM-SDLC")
#: As in Smart Message Language: four escapes, which data doubles, begin and end a unit; a CRC over all of it, as it
#: stands on the wire, behind how many bytes fill it up.
SML = """\
meta: {id: message, endian: be}
-sigflow-stream:
  framing:
    start: [0x1b, 0x1b, 0x1b, 0x1b, 1, 1, 1, 1]
    end: [0x1b, 0x1b, 0x1b, 0x1b, 0x1a]
    stuffing: {double: [0x1b, 0x1b, 0x1b, 0x1b]}
    trailer: ending
  checksum: {field: trailer.crc, algorithm: CRC-16/IBM-SDLC, over: [{raw: _start.._end}, trailer.filled]}
seq:
  - {id: body, size-eos: true}
types:
  ending: {seq: [{id: filled, type: u1}, {id: crc, type: u2le}]}
"""


def sml(body: bytes, filled: int = 0) -> bytes:
    escape = b"\x1b" * 4
    wire = escape + b"\1\1\1\1" + body.replace(escape, 2 * escape) + escape + b"\x1a" + bytes((filled,))
    return wire + X25.compute(wire).to_bytes(2, "little")


#: A CRC behind the end, over the unit as it was before stuffing, and over the literals around it.
BEHIND = """\
meta: {id: behind, endian: be}
-sigflow-stream:
  framing: {start: [0x10, 2], end: [0x10, 3], stuffing: {double: 0x10}, trailer: ending}
  checksum: {field: trailer.crc, algorithm: CRC-32/ISO-HDLC, over: [_start, kind..body, _end, trailer.count]}
seq:
  - {id: kind, type: u1}
  - {id: body, size-eos: true}
types:
  ending: {seq: [{id: count, type: u2}, {id: crc, type: u4}]}
"""


def behind(unit: bytes, count: int = 1) -> bytes:
    crc = zlib.crc32(b"\x10\2" + unit + b"\x10\3" + count.to_bytes(2, "big"))
    return (
        b"\x10\2" + unit.replace(b"\x10", b"\x10\x10") + b"\x10\3" + count.to_bytes(2, "big") + crc.to_bytes(4, "big")
    )


#: Between delimiters, with a checksum over what stands there stuffed.
RAW = """\
meta: {id: raw, endian: be}
-sigflow-stream:
  framing: {delimiter: 0xc0, stuffing: slip}
  checksum: {field: crc, algorithm: CRC-16/IBM-SDLC, over: {raw: kind..body}}
seq:
  - {id: kind, type: u1}
  - {id: body, size: _io.size - 3}
  - {id: crc, type: u2}
"""


def raw(unit: bytes) -> bytes:
    stuffed = unit.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    crc = X25.compute(stuffed).to_bytes(2, "big").replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return stuffed + crc + b"\xc0"


FORMATS = {
    "sml": (SML, sml, [b"abc", b"\x1b" * 9 + b"\x1a", b"x" * 300]),
    "behind": (BEHIND, behind, [b"a", b"\x10\3\x10\x10", b"b" * 500]),
    "raw": (RAW, raw, [b"abc", b"\xc0\xdb\xc0", b"y" * 80]),
}  # fmt: skip


def compiled(folder: Path, text: str) -> Format:
    (folder / "spec.ksy").write_text(text, encoding="utf-8")
    return sigflow.compile(folder / "spec.ksy")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("engine", ["python", "native"])
def test_accepted_and_refused_where_one_bit_differs(name: str, engine: str, tmp_path: Path) -> None:
    text, make, units = FORMATS[name]
    format = compiled(tmp_path, text)
    if engine == "native" and "raw" in text:
        with (
            pytest.raises(UsageError, match="bytes of the wire"),
            sigflow.open(b"", format, engine=engine) as recording,
        ):
            list(recording)
        return
    frames = [make(unit) for unit in units]
    with sigflow.open(b"".join(frames), format, engine=engine) as recording:
        assert [record.raw for record in recording] == frames
        assert recording.validate().sound
    for number, frame in enumerate(frames):
        for place in (len(frame) // 2, len(frame) - 8, 9):
            damaged = bytearray(frame)
            damaged[place % len(frame)] ^= 1
            stream = b"".join([*frames[:number], bytes(damaged), *frames[number + 1 :], frames[0], frames[0]])
            with sigflow.open(stream, format, engine=engine) as recording:
                events = list(recording.events())
            assert bytes(damaged) not in [event.raw for event in events if isinstance(event, Record)]
            assert any(isinstance(event, Gap) for event in events)
            assert isinstance(events[-1], Record) and events[-1].raw == frames[0]


def test_byte_by_byte(tmp_path: Path) -> None:
    for name, (text, make, units) in FORMATS.items():
        format = compiled(tmp_path, text.replace("id: raw", f"id: {name}"))
        decoder = format.decoder()
        stream = b"".join(map(make, units))
        records = []
        for byte in stream:
            decoder.feed(bytes((byte,)))
            records += [event for event in decoder.events() if isinstance(event, Record)]
        decoder.feed_eof()
        records += [event for event in decoder.events() if isinstance(event, Record)]
        assert [record.unit for record in records] == [
            unit if name != "raw" else record.unit for unit, record in zip(units, records, strict=True)
        ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (SML.replace("trailer.crc", "trailer.crq"), "unknown field 'crq'"),
        (RAW.replace("  framing: {delimiter: 0xc0, stuffing: slip}\n", ""), "for units in a `framing`"),
        (RAW.replace("{raw: kind..body}", "{raw: kind..bodi}"), "unknown field 'bodi'"),
        (BEHIND.replace("_start, ", "_begin, "), "unknown field '_begin'"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "x.ksy").write_text(text, encoding="utf-8")
    built = build(tmp_path / "x.ksy")
    assert not built.ok and any(wrong in problem.message for problem in built.problems), built.problems
