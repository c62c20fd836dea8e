"""The sequence counters of a native pass: the table that `follow` works on, and the trackers behind it.

The trackers of `sigflow.stream.sequence` know all streams; the table holds those seen last, of which no frame is open.
What a slot of it holds goes back to its tracker before the tracker decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.engine import follow
from sigflow.engine.calls import Prepared
from sigflow.events import Event, Loss, Note, Record
from sigflow.stream.sequence import Counts, Followed, Tracker, counted, duplicate, ended, late, tracker_of

if TYPE_CHECKING:
    import numpy

    from sigflow.engine.passes import Batch
    from sigflow.engine.sweep import Rows
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

_UNSIGNED = (1 << 64) - 1
#: The largest modulus, below 2**64, and step that are counted natively.
_NATIVE = 1 << 61
#: What one call shows at most.
SHOWN = 1024


@dataclass(frozen=True, slots=True)
class CounterEvents:
    """Losses, duplicates and stragglers told natively.  rows: (n, 5), see `follow`.  offsets: of the frames that showed
    them.  of: format and stream by slot.
    """

    rows: Array
    offsets: Array
    of: dict[int, tuple[str, Any]]

    def events(self) -> Iterator[Loss | Note]:
        """The same as events."""
        for (_, slot, expected, counter, count), offset in zip(self.rows.tolist(), self.offsets.tolist(), strict=True):
            name, stream = self.of[slot]
            if count > 0:
                yield Loss(stream, count, name, expected & _UNSIGNED, counter & _UNSIGNED, offset)
            elif count == follow.DUPLICATE:
                yield duplicate(name, stream, counter & _UNSIGNED, offset)
            else:
                yield late(name, stream, counter & _UNSIGNED, offset, count == follow.LATE)


def _identity(stream: Any) -> int:
    """The stream id as the scan tells it."""
    return 0 if stream is None else int(stream)


def _signed(value: int) -> int:
    """64 bits as a two's complement number."""
    value &= _UNSIGNED
    return value - (1 << 64) if value >= 1 << 63 else value


class Counters:
    """The counters of one stream.  formats: in the order of the scan.  entry: `follow`, compiled or not."""

    def __init__(
        self,
        formats: Sequence[Format],
        told: Sequence[bool],
        entry: Callable[..., int],
        *,
        counts: Counts | None = None,
        trackers: Sequence[Tracker | None] | None = None,
    ) -> None:
        """told: by format, whether the scan tells its counters.  trackers: those that have followed the stream so far,
        and what they count in.
        """
        import numpy

        self.counts = Counts() if counts is None else counts
        self._entry = entry
        self._formats = formats
        self._trackers: list[Tracker | None] = []
        rows = []
        for k, (format, is_told) in enumerate(zip(formats, told, strict=True)):
            sequence = format.envelope.decode.sequence if format.envelope is not None else None
            tracker = tracker_of(format, self.counts) if trackers is None else trackers[k]
            self._trackers.append(tracker)
            if sequence is None or tracker is None:
                rows.append((follow.UNCOUNTED, 1, 1, 0))
            elif (
                not is_told
                or (_NATIVE < sequence.modulus < 1 << 64)
                or sequence.step > _NATIVE
                or tracker.window > follow.WIDEST
            ):
                rows.append((follow.UNTOLD, 1, 1, 0))
            else:
                modulus = 0 if sequence.modulus == 1 << 64 else sequence.modulus
                rows.append((follow.TOLD, modulus, sequence.step, tracker.window))
        self._kinds = [row[0] for row in rows]
        self._rows = numpy.array(rows, numpy.int64)
        self._table = numpy.zeros((follow.STREAMS_TOLD, follow.STREAM_COLUMNS), numpy.int64)
        self._streams: list[Any] = [None] * follow.STREAMS_TOLD
        self._shown = numpy.zeros((SHOWN, follow.SHOWN), numpy.int64)
        self._counted = numpy.zeros(1, numpy.int64)
        self._words = self._counted.data
        self._prepared: Prepared | None = None
        self._reached: int | None = None  # the row that `usual` has come to

    def prepare(self, entry: Callable[..., int], rows: Rows) -> None:
        """Have `usual` follow the rows that a scan writes here.  entry: `follow`, for this alone."""
        self._prepared = Prepared(
            entry, rows.frames, rows.marks, 0, 0, self._rows, self._table, self._shown, self._counted
        )
        self._places = self._prepared.count(0), self._prepared.place(3)

    def usual(self, count: int, base: int) -> bool:
        """Follow the first rows of the scan, so many; whether they show nothing.

        If they do, `over` tells what, and goes on.
        """
        prepared = self._prepared
        if prepared is None:
            return not any(self._kinds)
        rows, place = self._places
        numbers, words = prepared.numbers, self._words
        numbers[rows] = count
        numbers[place] = base
        words[0] = 0
        reached = prepared()
        if reached == count and not words[0]:
            return True
        self._reached = reached
        return False

    def over(self, batch: Batch, record: Callable[[int], Record]) -> Iterator[tuple[int, CounterEvents | list[Event]]]:
        """What the frames of a batch show: (row of the first frame that does, what it and others do), in order.

        record(row): the record of a frame.
        """
        if not any(self._kinds):
            return
        frames, marks, base = batch.frames, batch.marks, batch.base
        begin = 0
        while begin < len(frames):
            if self._reached is not None:
                begin, self._reached = self._reached, None
            else:
                self._counted[0] = 0
                begin = int(
                    self._entry(frames, marks, begin, base, self._rows, self._table, self._shown, self._counted)
                )
            count = int(self._counted[0])
            if count:
                rows = self._shown[:count].copy()
                yield int(rows[0, 0]), self._told(rows, frames[rows[:, 0], 0] + base)
            if begin < len(frames) and count < SHOWN:
                out: list[Event] = []
                self._one(record(begin), int(marks[begin, 0]), out)
                if out:
                    yield begin, out
                begin += 1

    def end(self) -> list[Event]:
        """The stream has ended: what its counters still show."""
        self.give_back()
        return ended(self._trackers)

    def give_back(self) -> None:
        """Let the trackers know all that was followed here."""
        for slot in self._table[:, follow.FORMAT].nonzero()[0].tolist():
            self._give_back(slot)

    def _told(self, rows: Array, offsets: Array) -> CounterEvents:
        """Count what was told natively."""
        of = {}
        for slot in set(rows[:, 1].tolist()):
            of[slot] = self._formats[int(self._table[slot, follow.FORMAT]) - 1].name, self._streams[slot]
        counts, told = self.counts, rows[:, 4]
        taken_back = int((told == follow.LATE).sum())
        counts.lost += int(told[told > 0].sum()) - taken_back
        counts.reordered += taken_back + int((told == follow.LATE_UNMISSED).sum())
        counts.duplicate += int((told == follow.DUPLICATE).sum())
        return CounterEvents(rows, offsets, of)

    def _one(self, record: Record, k: int, out: list[Event]) -> None:
        """Account for one frame with its tracker."""
        tracker, format = self._trackers[k], self._formats[k]
        assert tracker is not None  # `follow` hands back only frames of formats that count
        told = counted(format, record)
        if told is None:
            return
        stream, counter = told
        if self._kinds[k] == follow.UNTOLD:
            tracker.follow(stream, counter, record.start, out)
            return
        slot = slot_of(k, stream)
        self._give_back(slot)
        if tracker.full and stream not in tracker.streams:
            # The one that was longest not seen is told by where the table says that streams were seen last.
            while self._holds(place := slot_of(k, oldest := tracker.oldest()), k, oldest):
                self._give_back(place)
        followed = tracker.follow(stream, counter, record.start, out)
        if followed.open is None:
            self._table[slot] = row_of(k, stream, followed)
            self._streams[slot] = stream

    def _holds(self, slot: int, k: int, stream: Any) -> bool:
        """Whether the slot is that of this stream."""
        return bool(self._table[slot, follow.FORMAT] == k + 1) and bool(self._streams[slot] == stream)

    def sync(self) -> None:
        """The same, but go on with all of it here."""
        for slot in self._table[:, follow.FORMAT].nonzero()[0].tolist():
            self._tell(slot)

    def _give_back(self, slot: int) -> None:
        """What the slot knows goes to its tracker, and the slot is free."""
        if self._table[slot, follow.FORMAT]:
            self._tell(slot)
            self._table[slot, follow.FORMAT] = 0
            self._streams[slot] = None

    def _tell(self, slot: int) -> None:
        """What the slot knows goes to its tracker, where that is new."""
        number, _, expected, entered_to, last, frames, *_ = self._table[slot, : follow.SEEN_BITS].tolist()
        tracker = self._trackers[number - 1]
        assert tracker is not None
        followed = tracker.streams[self._streams[slot]]
        if followed.last == last:
            return  # no frame has come since
        followed.expected, followed.next = expected % tracker.modulus, entered_to % tracker.modulus
        followed.last, followed.frames = last, frames
        mask = (1 << tracker.window) - 1
        followed.seen = _number(self._table[slot, follow.SEEN_BITS : follow.LOST_BITS]) & mask
        followed.lacking = _number(self._table[slot, follow.LOST_BITS :]) & mask


def slot_of(k: int, stream: Any) -> int:
    """The place of a stream of format k in the table."""
    place: Callable[[int, int], int] = follow.place_of
    return int(place(_signed(_identity(stream)), k))


def row_of(k: int, stream: Any, followed: Followed) -> list[int]:
    """The row of the table for a stream of format k, of which no frame is open."""
    return [
        k + 1, _signed(_identity(stream)), _signed(followed.expected), _signed(followed.next), followed.last,
        followed.frames, int(followed.before is not None), 0, *_words(followed.seen), *_words(followed.lacking),
    ]  # fmt: skip


def _words(bits: int) -> list[int]:
    """Bits in words of 32, from the lowest on."""
    return [bits >> 32 * n & 0xFFFFFFFF for n in range(follow.WORDS)]


def _number(words: Array) -> int:
    """The bits that these words hold."""
    return int.from_bytes(words.astype("<u4").tobytes(), "little")
