"""What is compared of two readings of the same frames: their order, formats, lengths and bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sigflow.events import Event, Gap, Record

if TYPE_CHECKING:
    from sigflow.stream.format import Format

from sigflow.quarantine import SpecUsed


class Readback:
    """Counts and a hash of frames, and of gaps if there are any.  State: those."""

    def __init__(self) -> None:
        self.frames = 0
        self.frame_bytes = 0
        self.gap_bytes = 0
        self._hash = hashlib.blake2b()

    def frame(self, record: Record) -> None:
        """Take in the next frame."""
        raw = record.raw
        self.frames += 1
        self.frame_bytes += len(raw)
        self._hash.update(f"{record.format} {len(raw)}\n".encode("utf-8", "surrogatepass"))
        self._hash.update(raw)

    def add(self, events: Iterable[Event]) -> None:
        """Take in the events of a reading."""
        for event in events:
            if isinstance(event, Record):
                self.frame(event)
            elif isinstance(event, Gap):
                self.gap_bytes += len(event.span)

    def difference(self, other: Readback) -> str:
        """What is different in `other`, which was read from what was written; "" where nothing is."""
        if other.gap_bytes or (self.frames, self.frame_bytes) != (other.frames, other.frame_bytes):
            return (
                f"read back, it has {other.frames} frames of {other.frame_bytes} bytes and {other.gap_bytes} bytes in "
                f"gaps, where {self.frames} frames of {self.frame_bytes} bytes were written"
            )
        return "" if self._hash.digest() == other._hash.digest() else "read back, its frames are others"


def specs_used(formats: Iterable[Format]) -> tuple[SpecUsed, ...]:
    """The formats as the quarantine names them."""
    return tuple(
        SpecUsed(
            format.name,
            format.envelope.about.source_hash if format.envelope is not None else "",
            (format.preamble.raw or b"").hex() if format.preamble is not None else "",
        )
        for format in formats
    )
