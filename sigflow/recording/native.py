"""One native pass over a storage, as `run.Run` is one of a decoder.

Strategy.  The native scan gives rows, not objects.  For who iterates, a record is made of each row; for a verdict only
of those whose record may have something to say.  What a verdict lists is kept as rows too, and made into gaps and
findings when somebody looks: a capture with many thousand faults is judged as fast as a sound one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from sigflow.columns.frames import FrameBatch
from sigflow.engine.events import RowEvents
from sigflow.recording.batches import BYTES, SIZE, merged
from sigflow.recording.native_rows import NativeRows
from sigflow.recording.native_suspects import SuspectRows
from sigflow.recording.native_verdict import NativeVerdict
from sigflow.recording.report import LONGEST
from sigflow.recording.run import Section
from sigflow.stream.sink import Between, OpenGap, idle_most

if TYPE_CHECKING:
    from sigflow.columns.frames import Array
    from sigflow.engine.passes import Batch
    from sigflow.events import Event
    from sigflow.recording.diagnosis.budget import Budget

#: Frames of a section, and their bytes, at most; one frame there is always.
SECTION = 1 << 14
SECTION_BYTES = 4 << 20


class NativeRun(NativeRows):
    """A pass over a storage that can be read again; once only.  As `run.AnyRun`."""

    def frames(self, size: int = SIZE, *, raw: bool = True) -> Iterator[FrameBatch]:
        """The frames as arrays, at most `size` at a time; raw: with their bytes."""
        return merged(self.views(size, raw=raw), size)

    def views(self, size: int = SIZE, *, raw: bool = True) -> Iterator[FrameBatch]:
        """The same as they were read: their bytes are valid until the next frames are asked for."""
        return chain.from_iterable(self.framed(batch, index, size, BYTES, raw=raw) for batch, index in self.batches())

    def offsets(self) -> Iterator[Array]:
        """Where the frames begin, as they were found: nothing else is made of them."""
        return (batch.frames[:, 0] + batch.base for batch, _ in self.batches())

    def verdict(self, longest: int = LONGEST, budget: Budget | None = None) -> NativeVerdict:
        """A verdict on this pass."""
        return NativeVerdict(self, longest, budget)

    def events(self) -> Iterator[Event]:
        """The events in the order of the stream."""
        return chain.from_iterable(self._events())

    def _events(self) -> Iterator[Iterable[Event]]:
        between = Between(OpenGap([format.name for format in self.formats]), idle_most(self.formats))
        told = RowEvents(self.ordered, self.reasons, between, self._bytes)
        for batch, index in self.batches():
            yield from told.pieces(batch, index, self.shown(batch, index))
        yield self._over(between)

    def sections(self) -> Iterator[Section]:
        """The stream in order, as `run.BySections` has it; once only."""
        between = Between(OpenGap([format.name for format in self.formats]), idle_most(self.formats))
        told = RowEvents(self.ordered, self.reasons, between, self._bytes)
        suspects = SuspectRows(self)
        new = set(range(len(self.formats)))  # the formats of which there was no frame
        for batch, index in self.batches():
            things: list[tuple[int, Event | None]] = [
                (first, event) for first, _, events in told.steps(batch, self.shown(batch, index)) for event in events
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
