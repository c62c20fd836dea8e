"""Frames of a capture by their number, offset, time or counter, through its index.

What an index says is never taken for true: the bytes of a frame that it leads to are measured and checked as ever.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from sigflow.caches import Cache
from sigflow.columns.frames import FrameBatch
from sigflow.events import Record
from sigflow.index.blocks import codes, row_at, stops_of
from sigflow.index.file import BadIndex
from sigflow.index.tables import held, stream_text
from sigflow.recording.faults import look
from sigflow.recording.grouping import Grouping, Records
from sigflow.recording.selection.bounds import INDEX, OFFSET, TIME, bound_of
from sigflow.recording.selection.ranges import COUNTER
from sigflow.recording.start import Start

if TYPE_CHECKING:
    from sigflow.columns.frames import Array
    from sigflow.index.file import Index
    from sigflow.index.tables import Counters
    from sigflow.recording.selection.asked import Selection
    from sigflow.recording.selection.bounds import Bound
    from sigflow.recording.selection.ranges import Range
    from sigflow.storage import Storage
    from sigflow.stream.format import Format


#: Bytes that a frame takes in memory, about, with what was decoded of it: for each byte, and beside.
DECODED, EACH = 8, 1024

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Places:
    """Where the frames of a capture are.  formats: bound to its preamble."""

    def __init__(self, index: Index, storage: Storage, formats: Sequence[Format]) -> None:
        self.index = index
        self._storage = storage
        self._formats = formats
        self._groupings = [Grouping(format) for format in formats]
        self._read = Cache[tuple[int, int], Record]("frames")

    def __len__(self) -> int:
        return self.index.frames

    def frame(self, number: int) -> Record:
        """Returns the frame of this index.

        Raises `IndexError` where there is none, `BadIndex` where no frame stands where the index says.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"frame {number} of {len(self)}")
        block = int(self.index.bounds.first.searchsorted(number, "right")) - 1
        return self._record(block, number - int(self.index.bounds.first[block]))

    def at(self, offset: int) -> Record | None:
        """Returns the frame of which a byte stands at this offset; None where it is in no frame."""
        bounds = self.index.bounds
        block = int(bounds.start.searchsorted(offset, "right")) - 1
        if block < 0 or offset >= int(bounds.stop[block]):
            return None
        own = self.index.packed(block)
        even = row_at(own.packed, own.start, offset)
        if even is not None and even < own.packed.frames:
            return self._record(block, even)
        stops = stops_of(own.packed, own.start)
        row = int(stops.searchsorted(offset, "right"))
        if row == len(stops):
            return None
        record = self._record(block, row)
        return record if record.start <= offset else None

    def since(self, time: int) -> Record | None:
        """Returns the first frame whose time is this, or later: nanoseconds, as `Record.time`."""
        bounds = self.index.bounds
        begin = int(self._latest.searchsorted(held(time)))
        later = bounds.timed[begin:] & (bounds.time_greatest[begin:] >= held(time))
        for block in (begin + later.nonzero()[0]).tolist():
            row = self._row_since(block, time)
            if row is not None:
                return self._record(block, row)
        return None

    @cached_property
    def _latest(self) -> Array:
        """The latest time up to the end of each block."""
        import numpy as np

        bounds = self.index.bounds
        return np.maximum.accumulate(np.where(bounds.timed, bounds.time_greatest, held(-1 << 64)))

    def counted(self, counter: int, stream: object = None, format: str | None = None) -> Iterator[Record]:
        """Gives the frames of a stream that have this counter, in order: of any format, or of this one."""
        text = stream_text(stream)
        for number, own in enumerate(self._formats):
            if format in (None, own.name) and 0 <= counter < 1 << 64:
                told = self.index.counters(number, text)
                for place in ((told.least <= counter) & (told.greatest >= counter)).nonzero()[0].tolist():
                    yield from self._counted(number, told, place, counter)

    def _counted(self, format: int, told: Counters, place: int, counter: int) -> Iterator[Record]:
        """Those in one block: that at this place of where the counters of a stream are."""
        import numpy as np

        block = int(told.blocks[place])
        own = self.index.packed(block)
        if len(own.keys.formats) == 1:
            rows: Any = range(own.packed.frames)
        else:
            rows = (codes(own.packed) == told.codes[place]).nonzero()[0]
        counter_of = self._groupings[format].quick_counter
        if told.rising[place] and len(rows):
            bounds = int(told.least[place]), int(told.greatest[place])
            row = _first_at(
                lambda n: self._told(counter_of, self._bytes(block, int(rows[n]))[1]),
                counter,
                len(rows),
                *bounds,
                distinct=True,
            )
            rows = rows[row : row + 1]
        else:
            rows = np.asarray(rows)
            counters, known = self._told(self._groupings[format].counters, self._records(block, format, rows))
            rows = rows[known & (counters == counter)]
        for row in map(int, rows):
            record = self._record(block, row)
            if self._formats[format].sequence_of(record) == counter:
                yield record

    def _row_since(self, block: int, time: int) -> int | None:
        """The first row of a block whose time is this, or later."""
        import numpy as np

        own = self.index.packed(block)
        count = own.packed.frames
        if own.times is None or not own.times.sorted:
            nearest = count
            for format, grouping in enumerate(self._groupings):
                mine = [n for n, number in enumerate(own.keys.formats) if number == format]
                rows = np.flatnonzero(np.isin(codes(own.packed), mine))
                if grouping.has_times and len(rows):
                    times = self._told(grouping.times, self._records(block, format, rows))
                    later = rows[times.known & np.asarray(times.values >= time).astype(bool)]
                    nearest = min(nearest, int(later[0])) if len(later) else nearest
        else:
            nearest = _first_at(lambda row: self._time(block, row), time, count, *own.times[:2])
        return nearest if nearest < count else None

    def _records(self, block: int, format: int, rows: Array) -> Records:
        """Frames of a block, all of one format, with their bytes."""
        import numpy as np

        own, where = self.index.block(block)
        data = np.frombuffer(self._storage.read(own.start, own.stop), np.uint8)
        if len(data) < own.stop - own.start:
            raise BadIndex(f"{self.index.path}: the capture is shorter than it says")
        starts, stops = where.starts[rows], where.stops[rows]
        numbers = np.full(len(rows), format, np.int32)
        frames = FrameBatch(data, starts - own.start, stops - own.start, starts, numbers, own.first, own.first + rows)
        return Records(self._formats[format], frames)

    def _told(self, ask: Callable[[Asked], Answer], records: Asked) -> Answer:
        """What frames say, of which nobody has made sure that they are any."""
        try:
            return ask(records)
        except (IndexError, struct.error) as error:
            raise BadIndex(f"{self.index.path}: a frame is too short that it says is one") from error

    def _record(self, block: int, row: int) -> Record:
        """The record of a row of a block, whose bytes are measured and checked."""
        kept = self._read.get((block, row))
        if kept is not None:
            return kept
        start, raw, number = self._bytes(block, row)
        format = self._formats[number]
        record = Record(format, start, raw, int(self.index.bounds.first[block]) + row)
        seen = look(format, record.raw)
        if seen.reason or seen.length != len(record.raw):
            raise BadIndex(f"{self.index.path}: no frame of {format.name} stands at {record.start}, where it says")
        self._read.put((block, row), record, DECODED * len(raw) + EACH)
        return record

    def _time(self, block: int, row: int) -> int | None:
        """The time of a row of a block, whose bytes are not checked."""
        _, raw, number = self._bytes(block, row)
        return self._told(self._groupings[number].quick_time, raw)

    def _bytes(self, block: int, row: int) -> tuple[int, bytes, int]:
        """Of a row of a block where it starts, its bytes, and the number of its format."""
        start, stop, number = self.index.place(block, row)
        raw = self._storage.read(start, stop)
        if len(raw) < stop - start:
            raise BadIndex(f"{self.index.path}: the capture ends before {stop}, up to where it says that a frame is")
        return start, raw, number

    # ---------------------------------------------------------------- readings

    def start(self, wanted: Selection) -> Start:
        """Where a pass may begin and end that shall give the frames that are meant."""
        bounds = self.index.bounds
        blocks = len(bounds.first)
        first, last = 0, blocks
        if wanted.since is not None:
            first = max(first, self._first_of(bound_of(wanted.since, "--since")))
        if wanted.until is not None:
            last = min(last, self._last_of(bound_of(wanted.until, "--until")))
        if wanted.where is not None:
            may = self._may_match(wanted.where).nonzero()[0]
            first = max(first, int(may[0])) if len(may) else blocks
            last = min(last, int(may[-1]) + 1) if len(may) else blocks
        last = max(last, first)
        stop = None if last == blocks else int(bounds.start[last])
        if first == blocks:
            return Start(int(bounds.stop[-1]) if blocks else 0, len(self), stop)
        return Start(int(bounds.start[first]), int(bounds.first[first]), stop)

    def _may_match(self, where: str) -> Array:
        """In which blocks frames may match a condition."""
        import numpy as np

        from sigflow.recording.selection.ranges import ranges_by_format

        bounds = self.index.bounds
        may: Array = np.zeros(len(bounds.first), bool)
        for format, ranges in enumerate(ranges_by_format(where, self._formats)):
            if ranges is not None:
                mine: Array = np.ones(len(bounds.first), bool)
                for wanted in ranges:
                    mine &= self._may_have(format, wanted)
                may |= mine
        return may

    def _may_have(self, format: int, wanted: Range) -> Array:
        """In which blocks frames of a format may be in a range."""
        import numpy as np

        bounds, (what, low, high) = self.index.bounds, wanted
        low, high = held(-1 << 64 if low is None else low), held(1 << 64 if high is None else high)
        if what == COUNTER:
            may: Array = np.zeros(len(bounds.first), bool)
            may[self.index.blocks_of_counters(format, wanted.low or 0, wanted.high)] = True
        elif what == TIME:
            may = bounds.timed & (bounds.time_greatest >= low) & (bounds.time_least <= high)
        elif what == OFFSET:
            may = (bounds.start <= high) & (bounds.stop > low)
        else:
            may = (bounds.first <= high) & (bounds.first + bounds.frames > low)
        return may

    def _first_of(self, since: Bound) -> int:
        """The first block with a frame from there on."""
        bounds = self.index.bounds
        if since.kind == TIME:
            later = (bounds.timed & (bounds.time_greatest >= held(since.value))).nonzero()[0]
            return int(later[0]) if len(later) else len(bounds.first)
        stops = bounds.stop if since.kind == OFFSET else bounds.first + bounds.frames
        return int(stops.searchsorted(since.value, "right"))

    def _last_of(self, until: Bound) -> int:
        """The block behind the last with a frame before it."""
        bounds = self.index.bounds
        if until.kind == TIME:
            earlier = (bounds.timed & (bounds.time_least <= held(until.value))).nonzero()[0]
            return int(earlier[-1]) + 1 if len(earlier) else 0
        places = bounds.first if until.kind == INDEX else bounds.start
        return int(places.searchsorted(until.value))


def _first_at(
    told: Callable[[int], int | None], wanted: int, count: int, least: int, greatest: int, *, distinct: bool = False
) -> int:
    """The first of so many places at which this or more is told, in a list that rises from `least` to `greatest`;
    `count` where there is none.  distinct: none is told twice.
    """
    low, high = 0, count
    turn = 0
    while low < high:
        # In turn: twice where it would be if all rose evenly, and in the middle.
        turn += 1
        even = low + (wanted - least) * (high - 1 - low) // max(greatest - least, 1)
        place = (low + high) // 2 if turn % 3 == 0 else min(max(even, low), high - 1)
        number = told(place)
        if distinct and number == wanted:
            return place
        if number is not None and number >= wanted:
            high, greatest = place, number
        else:
            low, least = place + 1, number if number is not None else least
    return low
