"""What the quarantine knows of a stretch of bytes: where they stood, why they were refused, and by what."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sigflow.diagnostics import Finding
    from sigflow.events import Span, Stamp


@dataclass(frozen=True, slots=True)
class SpecUsed:
    """A format that looked at the bytes: its name, and the hash of its spec ("" where it has none).

    preamble: what stood once at the beginning of the capture and says how its frames are to be read, in hexadecimal
    digits; "" where there was none.
    """

    name: str
    hash: str
    preamble: str = ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The frame before or after a stretch, in the same stream."""

    format: str
    start: int
    stop: int
    index: int
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class RefusedRange:
    """Bytes to be kept.

    capture: the id of the stream: for a recorded one the SHA-256 of its content.  name: what it was called.
    reasons: those of the gap.  specs: the formats that refused it, in the order in which they were tried.
    stamps: of the chunks with the first and the last byte, where the stream was live.
    parent: the entry of which this is what another spec left.
    """

    capture: str
    name: str
    span: Span
    reasons: tuple[str, ...]
    specs: tuple[SpecUsed, ...]
    diagnostics: tuple[Finding, ...] = ()
    stamps: tuple[Stamp | None, Stamp | None] = (None, None)
    before: Neighbour | None = None
    after: Neighbour | None = None
    parent: str | None = None

    @property
    def id(self) -> str:
        """The name of the entry: that of the capture, the span and the specs, as one hash."""
        specs = [[spec.name, spec.hash] for spec in self.specs]
        key = json.dumps([self.capture, self.span.start, self.span.stop, specs])
        return hashlib.sha256(key.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to decode an entry: when, by which specs, and what came out and what is left of it in other entries."""

    entry: str
    specs: tuple[SpecUsed, ...]
    frames: int
    frame_bytes: int
    left_bytes: int
    at_ns: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A stretch that is kept.

    raw: the SHA-256 of its bytes, the name of their file.  kept_ns: when it was acknowledged, nanoseconds since 1970.
    decoded_ns: when frames came out of it; what was left then is in entries of its own.  None: it is still to be tried.
    """

    id: str
    refused: RefusedRange
    raw: str
    kept_ns: int
    decoded_ns: int | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.refused.span)
