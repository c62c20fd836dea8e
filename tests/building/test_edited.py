"""Edits: the field changes, and what follows from it; everything else stays as it was, byte for byte."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.errors import BuildError, UsageError
from sigflow.recording.fields import field_spans
from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing import Put, PutBits, PutCase, PutNumber, writing_of
from sigflow.stream.format import Format
from tests.building.kit import format_of
from tests.stream.test_wires import CAPTURES as OF_WIRES
from tests.stream.test_wires import SPECS, WIRES

ROOT = Path(__file__).parents[2]
CAPTURES = Path(os.environ.get("SIGFLOW_CAPTURES") or "absent")
EDITS = int(os.environ.get("SIGFLOW_EDITS") or 6)
SAMPLES = {"valid_telemetry.sgf": "sgf1", "oscilloscope.hdr": "instrument_hdr", "legacy_archive.sgf": "sgf_legacy"}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Put, Any]]:
    """The fields of an object that are no objects, with their paths."""
    writing = writing_of(type(value))
    assert writing is not None
    for put in writing.puts:
        held = getattr(value, put.name, None)
        here = f"{path}.{put.id}" if path else put.id
        elements = [(here, held)] if not isinstance(held, list) else [(f"{here}[{i}]", e) for i, e in enumerate(held)]
        for at, element in elements:
            if isinstance(element, KaitaiStruct):
                yield from leaves(element, at)
            elif element is not None:
                yield at, put, element


def another(put: Put, value: Any, rng: random.Random) -> Any:
    """A value of the same kind."""
    wire = put.wire.cases[0][1] if isinstance(put.wire, PutCase) else put.wire
    if isinstance(value, Enum):
        return rng.choice(list(type(value))).value
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        bits = wire.width if isinstance(wire, PutBits) else 8 * wire.size if isinstance(wire, PutNumber) else 8
        return rng.randrange(1 << (bits - (isinstance(wire, PutNumber) and wire.kind == "s")))
    if isinstance(value, float):
        return rng.choice([0.0, 1.5, -2.25])
    if isinstance(value, bytes):
        return rng.randbytes(rng.choice([len(value), len(value), rng.randrange(20)]))
    return "".join(rng.choice("ABC019") for _ in range(rng.choice([len(value), rng.randrange(9)])))


def edited(path: Path, formats: list[Format]) -> int:
    """How many edits of the frames of a capture were made."""
    rng, made = random.Random(7), 0
    for record in islice(sigflow.open(path, formats), 40):
        format: Any = record._reader
        fields = list(leaves(record.value))
        for _ in range(EDITS):
            at, put, value = rng.choice(fields)
            fresh = another(put, value, rng)
            try:
                raw = record.replace({at: fresh})
            except BuildError:
                continue
            made += 1
            assert patched(record.raw, record.start, record.patch({at: fresh})) == raw
            # It is a frame, and it says what was wanted, and else what it said before or what follows.
            assert format.measure(raw) == len(raw)
            after = {path: getattr(held, "value", held) for path, _, held in leaves(format.parse(raw))}
            assert isinstance(fresh, float) or after[at] == fresh, (at, fresh, after[at])
            if len(raw) == len(record.raw) and not isinstance(put.wire, PutBits):  # (these share their bytes)
                untouched(format, record.raw, raw, at, made)
    return made


def patched(raw: bytes, start: int, patches: list[tuple[int, bytes, bytes]]) -> bytes:
    """The bytes of a frame after changes at offsets of the stream."""
    for offset, old, new in reversed(patches):
        at = offset - start
        assert raw[at : at + len(old)] == old
        raw = raw[:at] + new + raw[at + len(old) :]
    return raw


def untouched(format: Format, old: bytes, new: bytes, path: str, number: int) -> None:
    """Of the bytes that differ each belongs to the field, to a checksum, or to what says how something is read."""
    envelope = format.envelope
    if envelope is None or envelope.search.framing is not None or number % 5:
        return
    checksums = {checksum.field.partition(".")[0] for checksum in envelope.search.checksums}
    top = path.partition(".")[0].partition("[")[0]
    for span in field_spans(envelope, new):
        if old[span.start : span.stop] != new[span.start : span.stop]:
            assert span.path.partition(".")[0].partition("[")[0] in {top, *checksums} or _says(format, span.path), span


def _says(format: Format, path: str) -> bool:
    """Whether a field is one that others are solved for: a length, a count or a tag."""
    return any(word in path for word in ("len", "size", "count", "num"))


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples(sample: str) -> None:
    assert edited(ROOT / "samples" / sample, [sigflow.load(SAMPLES[sample])])


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="SIGFLOW_CAPTURES names no folder")
@pytest.mark.parametrize("capture", ["ubx-MIXED2.log", "ccsds-jpss.bin"])
def test_real_captures(capture: str) -> None:
    names = ["ubx", "nmea0183"] if capture.startswith("ubx") else ["ccsds_space_packet"]
    assert edited(CAPTURES / capture, [sigflow.load(name) for name in names])


@pytest.mark.skipif(not WIRES.is_dir(), reason="SIGFLOW_WIRES names no folder")
@pytest.mark.parametrize("capture", OF_WIRES)
def test_wires(capture: str) -> None:
    assert edited(WIRES / capture, [sigflow.compile(SPECS / f"{name}.ksy") for name in OF_WIRES[capture]])


def record_of(format: Format, raw: bytes) -> Any:
    decoder = format.decoder()
    decoder.feed(raw)
    return next(event for event in decoder.events() if hasattr(event, "raw"))


def test_what_a_value_does_not_carry_stays() -> None:
    format = format_of(
        """
        -sigflow-stream: {sync: M, checksum: {field: sum, algorithm: sum-8, over: mark..tail}}
        seq:
          - {id: mark, contents: M}
          - {id: a, type: str, size: 6, terminator: 0}
          - {id: part, size: 4, type: part}
          - {id: tail, type: u1}
          - {id: sum, type: u1}
        types: {part: {seq: [{id: x, type: u1}]}}
        """
    )
    raw = b"Mab\x00zz!\x05ABC\x09"
    raw += bytes([sum(raw) % 256])
    record = record_of(format, raw)
    assert record.replace({"tail": 8})[:-1] == b"Mab\x00zz!\x05ABC\x08"
    assert record.replace({"a": "cd"})[:-1] == b"Mcd\x00zz!\x05ABC\x09"
    assert record.replace({"a": "abcd"})[:-1] == b"Mabcd\x00!\x05ABC\x09"
    assert record.replace({"part.x": 6})[:-1] == b"Mab\x00zz!\x06ABC\x09"
    assert record.patch({"tail": 9}) == []
    assert record.patch({"tail": 8}) == [(11, b"\x09" + raw[-1:], b"\x08" + bytes([raw[-1] - 1]))]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("flags.encodin", "did you mean 'encoding'"),
        ("stream", "did you mean 'stream_id'"),
        ("payload[0]", "it has no elements"),
        ("a..b", "no path of a field"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, text: str) -> None:
    record = next(iter(sigflow.open(ROOT / "samples" / "valid_telemetry.sgf", "sgf1")))
    with pytest.raises(UsageError, match=text):
        record.replace({path: 1})
    with pytest.raises(BuildError, match="follows from the rest"):
        record.replace({"payload_length": 1})
    assert record.replace({"payload_length": 1}, keep=["payload_length"])[18:22] == b"\x00\x00\x00\x01"
