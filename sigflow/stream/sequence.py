"""Sequence accounting: losses, duplicates and reordering, told from the wire's counters after framing.

For each stream id of a format, the next counter value is expected, modulo the counter's range.  What comes instead:

    ahead                     the frames between are lost: a Loss
    behind, and missing       late, not lost: a Note `sequence-reordered`, and the loss is taken back
    behind, and seen          a Note `sequence-duplicate`
    far behind                the counter began anew: a Note `sequence-restarted`

Behind means by at most `BEHIND` steps (a quarter of a small counter's range): what is farther back is no straggler.
Rules.  Bounded memory: the last `MISSING` gaps of a stream are remembered, and the `STREAMS` streams seen first last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sigflow.diagnostics import Severity
from sigflow.events import Event, Loss, Note, Record
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    from sigflow.runtime.envelope import Sequence
    from sigflow.stream.format import Format

BEHIND = 1024
MISSING = 64
STREAMS = 1 << 16


class Counts:
    """What has been counted over all formats."""

    __slots__ = ("duplicate", "lost", "reordered")

    def __init__(self) -> None:
        self.lost = 0
        self.duplicate = 0
        self.reordered = 0


class Tracker:
    """The counters of one format.

    expected: the next value by stream id; whoever follows the usual case alone reads and sets it as well.  behind: how
    many steps back a counter is late, not restarted.
    """

    __slots__ = ("_counts", "_missing", "_step", "behind", "expected", "modulus", "name")

    def __init__(self, name: str, sequence: Sequence, counts: Counts) -> None:
        self.expected: dict[Any, int] = {}
        self.modulus = sequence.modulus
        self.name = name
        self._step = sequence.step
        self._counts = counts
        self.behind = min(BEHIND, sequence.modulus // sequence.step // 4)
        self._missing: dict[Any, list[tuple[int, int]]] = {}  # by stream: (first, count) of what was lost

    def follow(self, stream: Any, found: int, offset: int, out: list[Event]) -> None:
        """Account for the value `found` in the frame at this offset; what is to be told goes to `out`."""
        expected = self.expected.get(stream)
        if expected == found:
            self.expected[stream] = (found + self._step) % self.modulus
        elif expected is None:
            self._begin(stream, found)
        else:
            back = -(-((expected - found) % self.modulus) // self._step)
            if back <= self.behind:
                self._late(stream, found, offset, out)
            elif back * self._step * 2 > self.modulus:
                self._ahead(stream, expected, found, offset, out)
            else:
                self._begin(stream, found)
                text = f"counter {found}, wanted {expected}"
                out.append(_note("sequence-restarted", text, self.name, stream, offset))

    def missed(self, stream: Any, first: int, count: int) -> None:
        """Remember that so many frames from counter `first` on never came; they are counted already."""
        missing = self._missing.setdefault(stream, [])
        missing.append((first, count))
        del missing[:-MISSING]

    def oldest_for(self, stream: Any) -> tuple[Any] | None:
        """The stream that will be forgotten when this one is followed; None where there is room."""
        if len(self.expected) < STREAMS or stream in self.expected:
            return None
        return (next(iter(self.expected)),)

    def _begin(self, stream: Any, found: int) -> None:
        oldest = self.oldest_for(stream)
        if oldest is not None:
            del self.expected[oldest[0]]
            self._missing.pop(oldest[0], None)
        self.expected[stream] = (found + self._step) % self.modulus
        self._missing.pop(stream, None)

    def _ahead(self, stream: Any, expected: int, found: int, offset: int, out: list[Event]) -> None:
        count = -(-((found - expected) % self.modulus) // self._step)
        self.missed(stream, expected, count)
        self._counts.lost += count
        self.expected[stream] = (found + self._step) % self.modulus
        out.append(Loss(stream, count, self.name, expected, found, offset))

    def _late(self, stream: Any, found: int, offset: int, out: list[Event]) -> None:
        if self.came(stream, found):
            self._counts.lost -= 1
            self._counts.reordered += 1
            out.append(late(self.name, stream, found, offset))
        else:
            self._counts.duplicate += 1
            out.append(duplicate(self.name, stream, found, offset))

    def came(self, stream: Any, found: int) -> bool:
        """Whether this counter was missing; now it is not."""
        for n, (first, count) in enumerate(self._missing.get(stream, ())):
            place, odd = divmod((found - first) % self.modulus, self._step)
            if place < count and not odd:
                behind = ((first + (place + 1) * self._step) % self.modulus, count - place - 1)
                self._missing[stream][n : n + 1] = [each for each in ((first, place), behind) if each[1]]
                return True
        return False

    def missing(self, stream: Any) -> tuple[int, int]:
        """The least that may be missing of a stream, and what lies behind all that is; equal where nothing is."""
        ranges = [(first, first + count * self._step) for first, count in self._missing.get(stream, ())]
        if not ranges:
            return 0, 0
        low, high = min(ranges)[0], max(stop for _, stop in ranges)
        return (low, high) if high <= self.modulus else (0, self.modulus)


def late(name: str, stream: Any, found: int, offset: int) -> Note:
    """That the counter of a frame of this format was missing until it came."""
    return _note("sequence-reordered", f"counter {found} comes late", name, stream, offset)


def duplicate(name: str, stream: Any, found: int, offset: int) -> Note:
    """That the counter of a frame of this format was there before."""
    return _note("sequence-duplicate", f"counter {found} was there before", name, stream, offset)


def _note(code: str, text: str, name: str, stream: Any, offset: int) -> Note:
    where = "" if stream is None else f" in stream {stream!r}"
    return Note(code, Severity.NOTE, text + where, offset, name)


def tracker_of(format: Format, counts: Counts) -> Tracker | None:
    """The counters of a format, where it has a sequence."""
    if format.envelope is None or format.envelope.sequence is None:
        return None
    return Tracker(format.name, format.envelope.sequence, counts)


def follow(tracker: Tracker | None, format: Format, record: Record, out: list[Event]) -> None:
    """Account for a record from its value; what its counter shows goes to `out`."""
    if tracker is None:
        return
    counter = record.sequence
    try:
        stream = format.stream_of(record)
        hash(stream)
    except WIRE_ERRORS:
        return  # the value was not parsed that far, which the record's diagnostics say
    if counter is not None:
        tracker.follow(stream, counter, record.start, out)
