"""The scan of a format that is a whole file: one frame from the first byte to the end of the stream."""

from __future__ import annotations

from sigflow.reasons import TOO_LONG
from sigflow.stream.chain import NO
from sigflow.stream.scan import Sink
from sigflow.stream.segment import Segment


class WholeFile:
    """Waits for the end of the stream.  A stream longer than `limit` is a gap, and none of it is kept."""

    def __init__(self, name: str, limit: int) -> None:
        self.pos = 0
        self.lock = NO
        self.work = 0
        self.marks: set[tuple[int, str]] = set()
        self.waits = None
        self.lookback = 0
        self._limit = limit

    def drop(self) -> None:
        """There is nothing to forget."""

    def scan(self, segment: Segment, final: bool, sink: Sink, steps: int) -> bool:
        """As `Scanner.scan`."""
        data, base = segment.data, segment.base
        end, at = base + len(data), self.pos - base
        if at == len(data):
            return False
        if end > self._limit:
            self.pos = end
            sink.gap(segment, at, len(data), [(0, TOO_LONG)])
        elif final:
            self.pos = end
            sink.frame(0, segment, at, len(data))
        return False
