"""Which bundled formats a capture holds: each that has a sync marker and a checksum scans the head alone.

Those that find frames are used, most frame bytes first.  A format without a checksum finds something in almost
anything, so it must be named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow import catalog
from sigflow.stream.decoder import Decoder

if TYPE_CHECKING:
    from sigflow.limits import Limits
    from sigflow.storage import Storage
    from sigflow.stream.format import Format

#: Bytes of the head that are looked at.
HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Detected:
    """A format that finds frames in the head, how many, and how many bytes they are."""

    format: Format
    frames: int
    frame_bytes: int


def detect(storage: Storage, limits: Limits | None = None) -> list[Detected]:
    """The formats found in the first MiB, the one with most frame bytes first; empty where none is found."""
    head = storage.read(0, HEAD)
    found = []
    for name in catalog.bundled():
        format = catalog.load(name)
        envelope = format.envelope
        if envelope is None or not envelope.checksums or not any(literal in head for literal in envelope.sync):
            continue
        decoder = Decoder([format], limits=limits)
        decoder.feed(head)
        decoder.feed_eof()
        for _ in decoder.events():
            pass
        statistics = decoder.statistics
        if statistics.frames:
            found.append(Detected(format, statistics.frames, statistics.frame_bytes))
    return sorted(found, key=lambda each: -each.frame_bytes)
