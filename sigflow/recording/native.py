"""One native pass over a storage, as `run.Run` is one of a decoder.

Strategy.  The native scan gives rows, not objects.  For who iterates, a record is made of each row; for a verdict only
of those whose record may have something to say.  What a verdict lists is kept as rows too, and made into gaps and
findings when somebody looks: a capture with many thousand faults is judged as fast as a sound one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sigflow.columns.frames import FrameBatch
from sigflow.engine.counters import CounterEvents
from sigflow.events import Event, Record
from sigflow.recording.batches import BYTES, SIZE, merged
from sigflow.recording.native_rows import CodedGap, NativeRows
from sigflow.recording.native_suspects import SuspectRows
from sigflow.recording.native_verdict import NativeVerdict
from sigflow.recording.report import LONGEST
from sigflow.recording.run import Section
from sigflow.stream.sink import Between, idle_most

if TYPE_CHECKING:
    from sigflow.engine.passes import Batch
    from sigflow.recording.diagnosis import Budget

#: Records whose places are listed at a time, and their bytes: what that takes is shared by so many.
TAKEN = 1024
TAKEN_BYTES = 1 << 20
#: Frames of a section, and their bytes, at most; one frame there is always.
SECTION = 1 << 14
SECTION_BYTES = 4 << 20


class NativeRun(NativeRows):
    """A pass over a storage that can be read again; once only.  As `run.AnyRun`."""

    def frames(self, size: int = SIZE, *, raw: bool = True) -> Iterator[FrameBatch]:
        """The frames as arrays, at most `size` at a time; raw: with their bytes."""
        return merged(
            chain.from_iterable(self.framed(batch, index, size, BYTES, raw=raw) for batch, index in self.batches()),
            size,
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
            for first, last, events in self._steps(batch, index, gap, between):
                yield events
                yield from self._records(batch, index, first, last)
        yield self._over(between)

    def sections(self) -> Iterator[Section]:
        """The stream in order, as `run.BySections` has it; once only."""
        gap = CodedGap(self)
        between = Between(gap, idle_most(self.formats))
        suspects = SuspectRows(self)
        new = set(range(len(self.formats)))  # the formats of which there was no frame
        for batch, index in self.batches():
            things: list[tuple[int, Event | None]] = [
                (first, event) for first, _, events in self._steps(batch, index, gap, between) for event in events
            ]
            things += [(row, None) for row in sorted({*suspects.rows(batch), *self._first_of(batch, new)})]
            things.sort(key=itemgetter(0))  # (a record comes behind the events that stand before it)
            begin = at = 0
            for frames in self._cut(batch, index):
                end = begin + len(frames)
                before = at
                while at < len(things) and (things[at][0] < end or end == len(batch.frames)):
                    at += 1
                mine = things[before:at]
                yield Section(
                    frames,
                    [(row - begin, self.record(batch, index, row) if event is None else event) for row, event in mine],
                )
                begin = end
        yield Section(FrameBatch.empty(), [(0, event) for event in self._over(between)])

    def _cut(self, batch: Batch, index: int) -> Iterator[FrameBatch]:
        """The frames of a batch, a stretch at a time; of a batch without frames, one without."""
        if len(batch.frames):
            yield from self.framed(batch, index, SECTION, SECTION_BYTES)
        else:
            yield FrameBatch.empty()

    def _first_of(self, batch: Batch, new: set[int]) -> list[int]:
        """The row of the first frame of each of these formats that has one in a batch; they are taken out."""
        rows = []
        if new:
            numbers = self._numbers[batch.marks[:, 0]]
            for number in sorted(new):
                mine = (numbers == number).nonzero()[0]
                if len(mine):
                    rows.append(int(mine[0]))
                    new.remove(number)
        return rows

    def _over(self, between: Between) -> list[Event]:
        """What is told at the end of the stream."""
        out: list[Event] = []
        between.close(out)
        return [*out, *self.ended()]

    def _steps(
        self, batch: Batch, index: int, gap: CodedGap, between: Between
    ) -> Iterator[tuple[int, int, list[Event]]]:
        """A batch in order: events, and the rows [first, last) of the frames behind them."""
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
                yield done, row, out
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
        yield done, len(batch.frames), out

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
