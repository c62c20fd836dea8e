"""One native pass over a storage, as `run.Run` is one of a decoder.

Strategy.  The native scan gives rows, not objects.  For who iterates, a record is made of each row; for a verdict only
of those whose record may have something to say.  What a verdict lists is kept as rows too, and made into gaps and
findings when somebody looks: a capture with many thousand faults is judged as fast as a sound one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from sigflow.engine.counters import CounterEvents
from sigflow.events import Event, Record
from sigflow.recording.batches import BYTES, SIZE, merged
from sigflow.recording.native_rows import CodedGap, NativeRows
from sigflow.recording.native_verdict import NativeVerdict
from sigflow.recording.report import LONGEST
from sigflow.stream.sink import Between, idle_most

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.engine.passes import Batch
    from sigflow.recording.diagnosis import Budget

#: Records whose places are listed at a time, and their bytes: what that takes is shared by so many.
TAKEN = 1024
TAKEN_BYTES = 1 << 20


class NativeRun(NativeRows):
    """A pass over a storage that can be read again; once only.  As `run.AnyRun`."""

    def frames(self, size: int = SIZE) -> Iterator[FrameBatch]:
        """The frames as arrays, at most `size` at a time."""
        return merged(
            chain.from_iterable(self.framed(batch, index, size, BYTES) for batch, index in self.batches()), size
        )

    def verdict(self, longest: int = LONGEST, budget: Budget | None = None) -> NativeVerdict:
        """A verdict on this pass."""
        return NativeVerdict(self, longest, budget)

    def events(self) -> Iterator[Event]:
        """The events in the order of the stream."""
        return chain.from_iterable(self._events())

    def _events(self) -> Iterator[Iterable[Event]]:
        gap = CodedGap(self)
        between = Between(gap, idle_most(self.formats))
        for batch, index in self.batches():
            yield from self._of_batch(batch, index, gap, between)
        out: list[Event] = []
        between.close(out)
        yield out
        yield self.ended()

    def _of_batch(self, batch: Batch, index: int, gap: CodedGap, between: Between) -> Iterator[Iterable[Event]]:
        out: list[Event] = []
        things: list[tuple[int, int, int, Any]] = []
        for row, shown in self.shown(batch, index):
            if isinstance(shown, CounterEvents):
                things += [
                    (at, 1, 0, [event]) for at, event in zip(shown.rows[:, 0].tolist(), shown.events(), strict=True)
                ]
            else:
                things.append((row, 1, 0, shown))
        if len(batch.gaps):
            before = batch.frames[:, 0].searchsorted(batch.gaps[:, 0]).tolist()
            things += [(row, 0, n, None) for n, row in enumerate(before)]
            things.sort(key=lambda thing: thing[:3])
        gaps, reasons = batch.gaps.tolist(), batch.reasons.tolist()
        done = 0
        for row, rank, n, events in things:
            if row > done:
                between.close(out)
                yield out
                yield from self._records(batch, index, done, row)
                out = []
                done = row
            if rank:
                between.close(out)
                out += events
            else:
                start, stop, first, count = gaps[n]
                if count:
                    between.before_gap(out)
                    gap.piece(batch.base + start, batch.base + stop, reasons[first : first + count])
                else:
                    between.idle(batch.base + start, batch.base + stop, out)
        if done < len(batch.frames):
            between.close(out)
            yield out
            yield from self._records(batch, index, done, len(batch.frames))
        else:
            yield out

    def _records(self, batch: Batch, index: int, first: int, last: int) -> Iterator[Iterable[Event]]:
        """The records of some rows of a batch, between which there is no gap.

        Each is made when it is taken: who takes them one by one has few alive, and the garbage collector little to do.
        """
        while first < last:
            fits = int(batch.frames[:last, 1].searchsorted(batch.frames[first, 0] + TAKEN_BYTES, "right"))
            until = min(first + TAKEN, max(fits, first + 1), last)
            yield self._taken(batch, index, first, until)
            first = until

    def _taken(self, batch: Batch, index: int, first: int, last: int) -> Iterator[Event]:
        rows = batch.frames[first:last]
        shift = int(rows[0, 0])
        raw = self._bytes(batch, shift, int(rows[-1, 1]))
        stops = (rows[:, 1] - shift).tolist()
        starts = (rows[:, 0] - shift).tolist()
        if len(self.formats) == 1:
            formats: Any = repeat(self.formats[0])
        else:
            formats = [self.ordered[k] for k in batch.marks[first:last, 0].tolist()]
        return Record.row(formats, batch.base + shift, raw, zip(starts, stops, strict=True), index + first)
