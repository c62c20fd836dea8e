"""What frames are ordered by: their time, or their sequence counter.

Rules.  Counters are compared among the frames of one stream.  Where a counter is small and wraps, it counts on.  A
frame that has neither (its format has none, or it does not say it) stays behind the frame that it came after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sigflow.errors import UsageError
from sigflow.recording.grouping import Grouping, Records

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

TIME, SEQUENCE, ORDER = "time", "sequence", "order"
#: Before all values that frames have.
LEAST = -(1 << 63)
#: Streams whose counters are remembered at a time.
STREAMS = 1 << 20
#: Counters of so many values are taken as they are: none wraps.
_ENDLESS = 1 << 63


@dataclass(frozen=True, slots=True)
class Keys:
    """What frames are ordered by.  values, groups: int64; only values of one group are compared.

    known: which frames have a value of their own.  rising: the greatest value so far in the capture.
    """

    values: Array
    groups: Array
    known: Array
    rising: Array

    def part(self, which: Any) -> Keys:
        """Those of some of the frames, by a slice or by their places."""
        return Keys(self.values[which], self.groups[which], self.known[which], self.rising[which])

    @classmethod
    def joined(cls, parts: Sequence[Keys]) -> Keys:
        """Those of frames one behind the other."""
        import numpy as np

        columns = zip(*((part.values, part.groups, part.known, part.rising) for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))


def chosen(by: str | None, formats: Sequence[Format], *, or_else: str) -> str:
    """What to order by where nothing is said: a time where a format has one, else a sequence, else `or_else`.

    Raises `UsageError` where something is asked for that no format has.
    """
    if by is None:
        groupings = _groupings(formats)
        return next((name for name in (TIME, SEQUENCE) if any(map(_TOLD[name], groupings))), or_else)
    required(by, formats)
    return by


#: Whether a format tells it of its frames.
_TOLD: dict[str, Callable[[Grouping], bool]] = {
    TIME: lambda grouping: grouping.has_times,
    SEQUENCE: lambda grouping: grouping.has_streams,
    "stream": lambda grouping: grouping.has_streams,
    "kind": lambda grouping: grouping.has_kinds,
}


def required(by: str, formats: Sequence[Format]) -> None:
    """Raise `UsageError` where frames are to be told apart, or ordered, by what no format has."""
    groupings = _groupings(formats)
    if groupings and by in _TOLD and not any(map(_TOLD[by], groupings)):
        names = ", ".join(grouping.format.name for grouping in groupings)
        raise UsageError(f"--by {by}: no format has a {by} ({names})")


def _groupings(formats: Sequence[Format]) -> list[Grouping]:
    return [Grouping(format) for format in formats if not format.is_part]


class Rising:
    """The greatest value of each group so far.  State: those, of at most `STREAMS` groups."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def last_of(self, group: int) -> int | None:
        """The greatest value of a group so far; None where there was none."""
        return self._known.get(group)

    def late(self, groups: Array, values: Array) -> int:
        """How many of these are less than one of their group before."""
        import numpy as np

        order = np.argsort(groups, kind="stable")
        sorted_groups, sorted_values = groups[order], values[order]
        breaks = np.concatenate(([0], np.flatnonzero(np.diff(sorted_groups)) + 1, [len(groups)])).tolist()
        late = 0
        if len(self._known) > STREAMS:
            self._known.clear()
        for start, stop in pairwise(breaks):
            if start == stop:
                continue
            mine = sorted_values[start:stop]
            group = int(sorted_groups[start])
            most = np.maximum.accumulate(np.concatenate(([self._known.get(group, LEAST)], mine)))
            late += int((mine < most[:-1]).sum())
            self._known[group] = int(most[-1])
        return late


class Orderer:
    """Gives the keys of the frames of one capture, as they come.

    State: the greatest value so far, and how often the counter of each stream has wrapped.
    """

    def __init__(self, by: str, formats: Sequence[Format]) -> None:
        self._by = by
        self._groupings = {
            number: grouping
            for number, grouping in enumerate(map(Grouping, formats))
            if grouping.has_times or grouping.has_streams
        }
        self._most = LEAST
        self._wrapped: dict[int, tuple[int, int]] = {}

    def keys(self, frames: FrameBatch) -> Keys:
        """The keys of these frames, the next of the capture."""
        import numpy as np

        size = len(frames)
        values: Array = np.full(size, LEAST, np.int64)
        groups: Array = np.full(size, -1, np.int64)
        known: Array = np.zeros(size, bool)
        for number, grouping in self._groupings.items():
            mine = np.flatnonzero(frames.formats == number)
            if not len(mine):
                continue
            records = Records(grouping.format, frames if len(mine) == size else frames.at(mine))
            if self._by == TIME and grouping.has_times:
                times = grouping.times(records)
                values[mine] = np.clip(times.values, LEAST + 1, -LEAST - 1).astype(np.int64)
                groups[mine], known[mine] = 0, times.known
            elif self._by == SEQUENCE and grouping.has_streams:
                self._counted(number, grouping, records, mine, values, groups, known)
        values[~known] = LEAST
        rising = np.maximum.accumulate(np.concatenate(([self._most], values)))[1:] if size else values
        self._most = int(rising[-1]) if size else self._most
        values[~known] = rising[~known]
        groups[~known] = -1
        return Keys(values, groups, known, rising)

    def _counted(
        self, number: int, grouping: Grouping, records: Records, mine: Array, values: Array, groups: Array, known: Array
    ) -> None:
        """Enter the counters of some frames, all of one format."""
        import numpy as np

        counters, told = grouping.counters(records)
        names, places = grouping.streams(records)
        ids = np.array([_group(number, name) for name in names], np.int64)
        modulus = grouping.modulus
        if modulus >= _ENDLESS:
            # 64 bits without a sign, in the order of those with one.
            numbers = (counters.astype(np.uint64) ^ np.uint64(1 << 63)).view(np.int64)
        else:
            numbers = counters.astype(np.int64)
            for place, group in enumerate(ids.tolist()):
                rows = np.flatnonzero((places == place) & told)
                if len(rows):
                    numbers[rows] = self._unwrapped(group, numbers[rows], modulus)
        values[mine], groups[mine], known[mine] = numbers, ids[places], told

    def _unwrapped(self, group: int, numbers: Array, modulus: int) -> Array:
        """Counters of one stream, counting on where they wrap."""
        import numpy as np

        last, base = self._wrapped.get(group, (int(numbers[0]), 0))
        steps = np.diff(np.concatenate(([last], numbers)))
        half = modulus // 2
        wraps = base + np.cumsum((steps < -half).astype(np.int64) - (steps > half).astype(np.int64))
        if len(self._wrapped) > STREAMS:
            self._wrapped.clear()
        self._wrapped[group] = int(numbers[-1]), int(wraps[-1])
        unwrapped: Array = numbers + wraps * modulus
        return unwrapped


def _group(number: int, name: object) -> int:
    """A number for the stream of this name of the format of this number."""
    own = name if isinstance(name, int) and 0 <= name < 1 << 48 else hash(name) & ((1 << 48) - 1) | 1 << 48
    return number << 50 | int(own)
