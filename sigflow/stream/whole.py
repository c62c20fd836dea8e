"""The scan of a format that is a whole file: one frame from the first byte to the end of the stream, or to a cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigflow.reasons import TOO_LONG
from sigflow.stream.chain import NO
from sigflow.stream.scan import Sink
from sigflow.stream.segment import Segment

if TYPE_CHECKING:
    from sigflow.stream.cuts import Kind


class WholeFile:
    """Waits for the end of the stream.  A stream longer than `limit` is a gap, and none of it is kept."""

    def __init__(self, name: str, limit: int) -> None:
        self.pos = 0
        #: Where the file begins.
        self.begins = 0
        self.asks_at = -1
        self.roots: dict[int, Any] = {}
        self.lock = NO
        self.work = 0
        self.marks: set[tuple[int, str]] = set()
        self.waits = None
        self.lookback = 0
        self._limit = limit

    def drop(self) -> None:
        """There is nothing to forget."""

    def go_on(self, pos: int, lock: int, begins: int, asks_at: int, roots: Mapping[int, Any]) -> None:
        """As `Scanner.go_on`."""
        self.pos, self.begins = pos, begins

    def begin_behind(self, pos: int, kind: Kind) -> bool:
        """As `Scanner.begin_behind`."""
        self.pos = self.begins = pos
        return False

    def scan(self, segment: Segment, final: int, sink: Sink, steps: int) -> bool:
        """As `Scanner.scan`."""
        data, base = segment.data, segment.base
        end, at = base + len(data), self.pos - base
        if at == len(data):
            return False
        if end - self.begins > self._limit:
            self.pos = end
            sink.gap(segment, at, len(data), [(0, TOO_LONG)])
        elif final:
            self.pos = end
            sink.frame(0, segment, at, len(data))
        return False
