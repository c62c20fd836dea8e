"""Edits of random fields of frames that were read, and what must hold of each."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from sigflow.errors import BuildError
from sigflow.events import Record
from sigflow.recording.fields import field_spans
from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing import Put, PutBits, PutCase, PutNumber, writing_of
from sigflow.stream.format import Format


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


def edited(records: Iterable[Record], edits: int, rng: random.Random) -> tuple[int, int]:
    """How many edits were made, so many of each frame, and how many values were refused."""
    made = refused = 0
    for record in records:
        format: Any = record._reader
        fields = list(leaves(record.value))
        for _ in range(edits):
            at, put, value = rng.choice(fields)
            fresh = another(put, value, rng)
            try:
                raw = record.replace({at: fresh})
            except BuildError:
                refused += 1
                continue
            made += 1
            assert patched(record.raw, record.start, record.patch({at: fresh})) == raw
            # It is a frame, and it says what was wanted, and else what it said before or what follows.
            assert format.measure(raw) == len(raw)
            after = {path: getattr(held, "value", held) for path, _, held in leaves(format.parse(raw))}
            assert isinstance(fresh, float) or after[at] == fresh, (at, fresh, after[at])
            if len(raw) == len(record.raw) and not isinstance(put.wire, PutBits):  # (these share their bytes)
                untouched(format, record.raw, raw, at, made)
    return made, refused


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
