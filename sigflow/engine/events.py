"""From the rows of a native scan to events, in the order of the stream.

Records are made when they are taken.  What the sequence counters show stands before the frame that shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.engine.counters import CounterEvents
from sigflow.events import SHARING, Event, FrameRun, frame_runs

if TYPE_CHECKING:
    from sigflow.engine.passes import Batch
    from sigflow.stream.engines import Piece
    from sigflow.stream.format import Format
    from sigflow.stream.sink import Between

#: What the counters of a batch show: the row of the first frame that does, and what is shown (`Counters.over`).
Reported = Iterable[tuple[int, CounterEvents | list[Event]]]
#: Records whose places are listed at a time, and their bytes: what that takes is shared by so many.
TAKEN = 1024
TAKEN_BYTES = 1 << 20


class RowEvents:
    """The events of one stream.  State: what is open between two frames.

    formats: in the order of the scan.  reasons: of gaps, by their codes (`Scan.reasons`).  bytes_of(batch, start,
    stop): the bytes at these places of a batch.
    """

    def __init__(
        self,
        formats: Sequence[Format],
        reasons: Sequence[tuple[int, str]],
        between: Between,
        bytes_of: Callable[[Batch, int, int], bytes],
    ) -> None:
        self._formats = formats
        self._same = (formats[0],) * SHARING if len(formats) == 1 else ()
        self._reasons = reasons
        self._between = between
        self._bytes = bytes_of

    def pieces(self, batch: Batch, index: int, shown: Reported, *, records: bool = True) -> Iterator[Piece]:
        """The events of a batch whose first frame has this index.

        records: whether those of its frames are among them.
        """
        for first, last, events in self.steps(batch, shown):
            yield events
            if records:
                yield from self._records(batch, index, first, last)

    def steps(self, batch: Batch, shown: Reported) -> Iterator[tuple[int, int, list[Event]]]:
        """A batch in order: events, and the rows [first, last) of the frames behind them."""
        between, base = self._between, batch.base
        gaps, codes = batch.gaps.tolist(), batch.reasons.tolist()
        out: list[Event] = []
        done = 0
        for row, rank, n, events in _in_order(batch, shown):
            if row > done:
                between.close(out)
                yield done, row, out
                out = []
                done = row
            if rank:
                between.close(out)
                out += events
                continue
            start, stop, first, count = gaps[n]
            if count:
                between.before_gap(out)
                refusals = [self._reasons[code] for code in codes[first : first + count]]
                between.gap.add(base + start, base + stop, refusals)
            else:
                between.idle(base + start, base + stop, out)
        if done < len(batch.frames):
            between.close(out)
        yield done, len(batch.frames), out

    def _records(self, batch: Batch, index: int, first: int, last: int) -> Iterator[FrameRun]:
        """The records of some rows of a batch, between which nothing stands."""
        rows = batch.frames
        while first < last:
            fits = int(rows[:last, 1].searchsorted(rows[first, 0] + TAKEN_BYTES, "right"))
            until = min(first + TAKEN, max(fits, first + 1), last)
            stop = int(rows[until - 1, 1])
            bounds = (*rows[first:until, 0].tolist(), stop)
            origin = bounds[0]
            data = self._bytes(batch, origin, stop)
            readers = self._same or tuple([self._formats[k] for k in batch.marks[first:until, 0].tolist()])
            yield from frame_runs(
                readers, data, bounds, batch.base, index + first, origin=origin, same=bool(self._same)
            )
            first = until


def _in_order(batch: Batch, shown: Reported) -> list[tuple[int, int, int, Any]]:
    """What stands between the frames of a batch: (row of the frame behind it, 0 for a gap, the gap's row or 0, events
    that the counters show).
    """
    things: list[tuple[int, int, int, Any]] = []
    for row, told in shown:
        if isinstance(told, CounterEvents):
            things += [(at, 1, 0, [event]) for at, event in zip(told.rows[:, 0].tolist(), told.events(), strict=True)]
        else:
            things.append((row, 1, 0, told))
    if len(batch.gaps):
        before = batch.frames[:, 0].searchsorted(batch.gaps[:, 0]).tolist()
        things += [(row, 0, n, None) for n, row in enumerate(before)]
        things.sort(key=lambda thing: thing[:3])
    return things
