"""The sequence counters of a native pass: the table that `follow` works on, and the trackers behind it.

The trackers of `sigflow.stream.sequence` know everything; the table knows, for the streams seen last, which counter is
expected and between which some may be missing.  What the table's slot holds goes back to its tracker before the tracker
decides anything; losses that were told natively are entered there first, since a frame that comes late is looked for
among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.engine import follow
from sigflow.events import Event, Loss, Note, Record
from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.stream.sequence import Counts, Tracker, duplicate, late

if TYPE_CHECKING:
    import numpy

    from sigflow.engine.passes import Batch
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

_UNSIGNED = (1 << 64) - 1
#: The largest modulus, below 2**64, and step that are counted natively.
_NATIVE = 1 << 61
#: What one call shows at most, and how much of it may wait to be entered into the trackers.
SHOWN = 1024
WAITING = 1 << 15


@dataclass(frozen=True, slots=True)
class Shown:
    """Losses, duplicates and stragglers told natively.  rows: (n, 5), see `follow`.  offsets: of the frames that showed
    them.  of: format and stream by slot.
    """

    rows: Array
    offsets: Array
    of: dict[int, tuple[str, Any]]

    def events(self) -> Iterator[Loss | Note]:
        """The same as events."""
        for (_, slot, expected, found, count), offset in zip(self.rows.tolist(), self.offsets.tolist(), strict=True):
            name, stream = self.of[slot]
            if count > 0:
                yield Loss(stream, count, name, expected, found, offset)
            else:
                yield (late if count == follow.LATE else duplicate)(name, stream, found, offset)


def _identity(stream: Any) -> int:
    """The stream id as the scan tells it."""
    return 0 if stream is None else int(stream)


def _signed(value: int) -> int:
    """64 bits as a two's complement number."""
    value &= _UNSIGNED
    return value - (1 << 64) if value >= 1 << 63 else value


class Counters:
    """The counters of one stream.  formats: in the order of the scan.  entry: `follow`, compiled or not."""

    def __init__(self, formats: Sequence[Format], told: Sequence[bool], entry: Callable[..., int]) -> None:
        """told: by format, whether the scan tells its counters."""
        import numpy

        self.counts = Counts()
        self._entry = entry
        self._formats = formats
        self._trackers: list[Tracker | None] = []
        rows = []
        for format, each in zip(formats, told, strict=True):
            sequence = format.envelope.sequence if format.envelope is not None else None
            tracker = Tracker(format.name, sequence, self.counts) if sequence is not None else None
            self._trackers.append(tracker)
            if sequence is None or tracker is None:
                rows.append((follow.UNCOUNTED, 1, 1, 0))
            elif not each or (_NATIVE < sequence.modulus < 1 << 64) or sequence.step > _NATIVE:
                rows.append((follow.UNTOLD, 1, 1, 0))
            else:
                modulus = 0 if sequence.modulus == 1 << 64 else sequence.modulus
                rows.append((follow.TOLD, modulus, sequence.step, tracker.behind))
        self._kinds = [row[0] for row in rows]
        self._rows = numpy.array(rows, numpy.int64)
        self._table = numpy.zeros((follow.SLOTS, follow.STREAM_COLUMNS), numpy.int64)
        self._streams: list[Any] = [None] * follow.SLOTS
        self._shown = numpy.zeros((SHOWN, follow.SHOWN), numpy.int64)
        self._counted = numpy.zeros(1, numpy.int64)
        self._waiting: list[tuple[Array, dict[int, tuple[str, Any]]]] = []  # rows, see `Shown`
        self._waits = 0

    def over(self, batch: Batch, record: Callable[[int], Record]) -> Iterator[tuple[int, Shown | list[Event]]]:
        """What the frames of a batch show: (row of the first frame that does, what it and others do), in order.

        record(row): the record of a frame.
        """
        if not any(self._kinds):
            return
        frames, marks = batch.frames, batch.marks
        begin = 0
        while begin < len(frames):
            self._counted[0] = 0
            begin = int(self._entry(frames, marks, begin, self._rows, self._table, self._shown, self._counted))
            count = int(self._counted[0])
            if count:
                rows = self._shown[:count].copy()
                yield int(rows[0, 0]), self._told(rows, frames[rows[:, 0], 0] + batch.base)
            if begin < len(frames) and count < SHOWN:
                found: list[Event] = []
                self._one(record(begin), int(marks[begin, 0]), found)
                if found:
                    yield begin, found
                begin += 1

    def _told(self, rows: Array, offsets: Array) -> Shown:
        """Count what was told natively."""
        of = {}
        for slot in set(rows[:, 1].tolist()):
            of[slot] = self._formats[int(self._table[slot, follow.FORMAT]) - 1].name, self._streams[slot]
        counts = self.counts
        entered = rows[rows[:, 4] != follow.DUPLICATE]
        stragglers = int((entered[:, 4] == follow.LATE).sum())
        counts.lost += int(entered[:, 4].sum())  # a straggler is one less
        counts.reordered += stragglers
        counts.duplicate += len(rows) - len(entered)
        if len(entered):
            self._waiting.append((entered, of))
            self._waits += len(entered)
            if self._waits > WAITING:
                self._enter()
        return Shown(rows, offsets, of)

    def _enter(self) -> None:
        """Tell the trackers what was lost, and what came late."""
        by_name = {tracker.name: tracker for tracker in self._trackers if tracker is not None}
        for rows, of in self._waiting:
            for _, slot, expected, found, count in rows.tolist():
                name, stream = of[slot]
                if count == follow.LATE:
                    by_name[name].came(stream, found)
                else:
                    by_name[name].missed(stream, expected, count)
        self._waiting = []
        self._waits = 0

    def _one(self, record: Record, k: int, found: list[Event]) -> None:
        """Account for one frame with its tracker."""
        tracker = self._trackers[k]
        assert tracker is not None  # `follow` hands back only frames of formats that count
        counter = record.sequence
        try:
            stream = self._formats[k].stream_of(record)
            hash(stream)
        except WIRE_ERRORS:
            return  # the value was not parsed that far, which the record's diagnostics say
        if counter is None:
            return
        self._enter()
        if self._kinds[k] == follow.UNTOLD:
            tracker.follow(stream, counter, record.start, found)
            return
        slot = self._slot(k, stream)
        self._give_back(slot)
        forgotten = tracker.oldest_for(stream)
        if forgotten is not None:
            self._give_back(self._slot(k, forgotten[0]))
        tracker.follow(stream, counter, record.start, found)
        low, high = tracker.missing(stream)
        missing = min(low, follow.ANY), min(high, follow.ANY)
        self._table[slot] = (k + 1, _signed(_identity(stream)), _signed(tracker.expected[stream]), 0, 0, *missing)
        self._streams[slot] = stream

    def _slot(self, k: int, stream: Any) -> int:
        place: Callable[[int, int], int] = follow.slot_of
        return int(place(_signed(_identity(stream)), k))

    def _give_back(self, slot: int) -> None:
        """What the slot knows goes to its tracker, and the slot is free."""
        number, _, expected, *_ = self._table[slot].tolist()
        if number:
            tracker = self._trackers[number - 1]
            assert tracker is not None
            if self._streams[slot] in tracker.expected:
                tracker.expected[self._streams[slot]] = expected & _UNSIGNED
            self._table[slot, follow.FORMAT] = 0
            self._streams[slot] = None
