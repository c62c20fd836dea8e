"""`overtaken-by: sequence` (`docs/architecture.md`, rule 12): a candidate is overtaken by a good frame inside its
claimed bytes that carries its stream id and its next sequence number.

For live streams, where a flipped length bit would hold good frames back until as many bytes have come.  The markers
behind the candidate are passed once, from left to right; a frame that is not complete waits.  For each stream id and
sequence number the frames found are kept so that the first end behind any later candidate is at hand.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.struct import attribute
from sigflow.stream.markers import Markers

if TYPE_CHECKING:
    from sigflow.stream.check import Checks
    from sigflow.stream.header import Header
    from sigflow.stream.segment import Segment

#: Bytes of a frame that is not complete in which its stream id and sequence number are looked for.
_BEGIN = 4096

#: A stream id and a sequence number.
_Key = tuple[object, int]


class Watch:
    """The pass over the frames of one format behind the candidate."""

    def __init__(self, header: Header, checks: Checks) -> None:
        sequence = header.envelope.decode.sequence
        assert sequence is not None  # the compiler allows the hint only beside a sequence
        self._header = header
        self._checks = checks
        self._sequence = sequence
        self._field = attrgetter(attribute(header.envelope.decode.unit, sequence.field))
        self.drop()

    def drop(self) -> None:
        """Forget the pass."""
        self._markers = Markers([self._header.sync])
        self._cursor = 0
        self._lacking: list[int] = []  # offsets whose header lacks bytes
        self._open: list[tuple[int, int]] = []  # heap of (end, offset) of frames that are not complete
        self._frames: dict[_Key, deque[tuple[int, int]]] = {}  # (offset, end), both rising
        self._kept: list[tuple[int, int, _Key]] = []  # heap of what was entered there: (offset, end, key)
        self._mine: tuple[int, _Key | None] = (-1, None)  # offset and key of the candidate

    def overtaken(self, segment: Segment, at: int, stop: int, floor: int) -> bool:
        """Whether the candidate at data[at], which claims the bytes up to `stop`, is overtaken."""
        data, base = segment.data, segment.base
        if self._mine[0] != base + at or self._mine[1] is None:
            begin = stop if stop <= len(data) else at + max(self._header.envelope.measure.header or 0, _BEGIN)
            self._mine = base + at, self._key(bytes(data[at:begin]))
        mine = self._mine[1]
        self._pass(segment, at, min(stop, len(data)), floor)
        if mine is None:
            return False
        following = (mine[0], (mine[1] + self._sequence.step) % self._sequence.modulus)
        frames = self._frames.get(following)
        return bool(frames) and frames[0][1] <= base + stop  # type: ignore[index]

    def _key(self, raw: bytes) -> _Key | None:
        """Stream id and sequence number of a frame; of one that is cut, where parsing got that far."""
        try:
            unit: Any = self._header.envelope.decode.parse(raw, None)
        except WIRE_ERRORS as error:
            unit = getattr(error, "partial", None)
        try:
            if self._sequence.counts is not None and not self._sequence.counts(unit):
                return None
            stream = self._sequence.stream(unit) if self._sequence.stream is not None else None
            hash(stream)
            return stream, int(self._field(unit))
        except WIRE_ERRORS:
            return None  # the fields are not there (yet): nothing can be said to follow

    def _pass(self, segment: Segment, at: int, end: int, floor: int) -> None:
        """Enter the frames whose marker stands behind `at` and before `end`, as far as they are complete."""
        data, base = segment.data, segment.base
        while self._kept and self._kept[0][0] <= base + at:
            _, _, key = heappop(self._kept)
            frames = self._frames.get(key)
            while frames and frames[0][0] <= base + at:
                frames.popleft()
            if not frames:
                self._frames.pop(key, None)
        lacking, self._lacking = self._lacking, []
        for offset in lacking:
            if offset > base + at:
                self._note(segment, offset, floor)
        cursor = max(self._cursor - base, at + 1)
        while cursor < end:
            cursor = self._markers.candidate(segment, cursor)
            if cursor < end:
                self._note(segment, base + cursor, floor)
                cursor += 1
        self._cursor = base + min(cursor, end)
        while self._open and self._open[0][0] <= base + len(data):
            stop, offset = heappop(self._open)
            if offset > base + at:
                self._believe(segment, offset, stop, floor)

    def _note(self, segment: Segment, offset: int, floor: int) -> None:
        base = segment.base
        length = self._header.look(segment, offset - base)
        if length is None:
            self._lacking.append(offset)
        elif length.__class__ is int:
            heappush(self._open, (offset + length, offset))

    def _believe(self, segment: Segment, offset: int, stop: int, floor: int) -> None:
        """Keep a complete frame if its checksum holds."""
        data, base = segment.data, segment.base
        if not self._checks.hold(segment, offset - base, stop - base, floor):
            return
        key = self._key(bytes(data[offset - base : stop - base]))
        if key is None:
            return
        heappush(self._kept, (offset, stop, key))
        frames = self._frames.setdefault(key, deque())
        # What waited while a frame behind it was complete ends no earlier than that one, and is needless beside it.
        if frames and frames[-1][0] > offset:
            return
        # So are those that begin before this frame and end no earlier.
        while frames and frames[-1][1] >= stop:
            frames.pop()
        frames.append((offset, stop))
