"""Which bundled formats a capture holds: each that has a sync marker and a checksum scans the head alone.

Those that find frames are used, most frame bytes first, unless all its frames lie inside those of others: a payload
can hold what looks like another format's frame.  A format without a checksum finds something in almost anything, so it
must be named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow import catalog
from sigflow.recording.engines import read_through

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


def detect(
    storage: Storage, limits: Limits | None = None, waiting: Callable[[], object] = lambda: None
) -> list[Detected]:
    """The formats found in the first MiB, the one with most frame bytes first; empty where none is found.

    Of a live stream it is what has come before a second of silence.  waiting: is called where that takes longer.
    """
    live = getattr(storage, "head", None)
    head = storage.read(0, HEAD) if live is None else live(HEAD, waiting)
    candidates = []
    for name in catalog.bundled():
        format = catalog.load(name)
        envelope = format.envelope
        if (
            envelope is None
            or not envelope.search.checksums
            or not any(literal in head for literal in envelope.search.sync)
        ):
            continue
        candidates += in_head([format], head, limits)
    candidates.sort(key=lambda candidate: -candidate.frame_bytes)
    if len(candidates) > 1:
        together = {
            candidate.format.name for candidate in in_head([candidate.format for candidate in candidates], head, limits)
        }
        candidates = [candidate for candidate in candidates if candidate.format.name in together]
    return candidates


def in_head(formats: list[Format], head: bytes, limits: Limits | None) -> list[Detected]:
    """Those of these formats that find frames when they read this together."""
    counts = read_through(formats, head, limits).statistics.by_format
    return [
        Detected(format, counts[format.name]["frames"], counts[format.name]["bytes"])
        for format in formats
        if counts[format.name]["frames"]
    ]
