"""The verdict from a native pass, equal to the one that `EventVerdict` gives on its events.

Rows of gaps and losses are counted as they come, and the first of them are kept; gaps and findings are made of them
when they are looked at.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from sigflow.engine.counters import CounterEvents
from sigflow.recording.batches import BYTES, SIZE, merged
from sigflow.recording.lazy import LazySequence
from sigflow.recording.native_idle import IdleNotes
from sigflow.recording.native_suspects import SuspectRows
from sigflow.recording.report import LONGEST, OF_GAP, OF_RECORD
from sigflow.recording.verdict import Place, Verdict
from sigflow.storage.memory import MemoryStorage
from sigflow.stream.sink import OpenGap

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.diagnostics import Finding
    from sigflow.engine.passes import Batch
    from sigflow.events import Event, Gap
    from sigflow.recording.diagnosis.budget import Budget
    from sigflow.recording.native_rows import NativeRows
    from sigflow.storage import Storage

    Array = numpy.ndarray[Any, Any]


class NativeVerdict(Verdict):
    """State: beside that of every verdict, the first rows of gaps, and what a report will read bytes from."""

    def __init__(self, run: NativeRows, longest: int = LONGEST, budget: Budget | None = None) -> None:
        super().__init__(run, longest, budget)
        self._native = run
        again = getattr(run.storage, "again", None)
        #: A storage of the report's own, where there can be one: it may be looked at for longer than the run's is open.
        self._own: Storage | None = again() if again is not None else None
        self.reads_later = self._own is None and not isinstance(run.storage, MemoryStorage)
        self._pieces: list[tuple[list[list[int]], list[int]]] = []  # rows of gaps by absolute offset, and their reasons
        self._listed_of_gaps = 0  # findings of those that are listed
        self._stop = -1  # the end of the last piece
        self._mask = 0  # the reasons of its gap
        self._idle = IdleNotes(run.formats)
        self._suspects = SuspectRows(run)
        if self._own is not None:
            weakref.finalize(self, self._own.close)

    def frames(self, size: int = SIZE) -> Iterator[FrameBatch]:
        yield from merged(self._framed(size, self._since), size)

    def views(self, size: int = SIZE, *, follow: bool = True) -> Iterator[FrameBatch]:
        return self._framed(size, None, follow=follow)

    def _framed(self, size: int, counted: list[Event] | None, *, follow: bool = True) -> Iterator[FrameBatch]:
        """The frames; counted: as of `add`."""
        for batch, index in self._native.batches():
            self.add(batch, index, counted, follow=follow)
            yield from self._native.framed(batch, index, size, BYTES)
        self._end(counted)

    def all(self) -> Self:
        for batch, index in self._native.batches():
            self.add(batch, index)
        self._end()
        return self

    def add(self, batch: Batch, index: int, counted: list[Event] | None = None, *, follow: bool = True) -> None:
        """Judges a batch of the run; index: of its first frame.  counted: gets what the sequence counters show.

        follow: whether these are followed.
        """
        if len(batch.gaps):
            idle = batch.gaps[:, 3] == 0
            base = batch.base
            notes = self._idle.of(batch.gaps[:, 0] + base, batch.gaps[:, 1] + base, idle)
            if notes:
                self._count_events(notes)
            if idle.any():
                batch = batch._replace(gaps=batch.gaps[~idle])
            if len(batch.gaps):
                self._gaps(batch)
        for _, shown in self._native.shown(batch, index) if follow else ():
            if isinstance(shown, CounterEvents):
                self.count(shown.events, len(shown.rows))
            else:
                self._count_events(shown)
            if counted is not None:
                counted += shown.events() if isinstance(shown, CounterEvents) else shown
        for row in self._suspects.rows(batch):
            record = self._native.record(batch, index, row)
            self.add_findings((record.start, OF_RECORD), record.diagnostics)

    def _end(self, counted: list[Event] | None = None) -> None:
        """The run is over.  counted: as of `add`."""
        self._count_events(self._idle.end())
        events = self._native.ended()
        self._count_events(events)
        if counted is not None:
            counted += events

    def _count_events(self, events: list[Event]) -> None:
        self.count(lambda: events, len(events))

    def _gaps(self, batch: Batch) -> None:
        """Count the gaps, of which a batch has pieces, and what would be found of each: one for each reason."""
        import numpy

        rows, base = batch.gaps, batch.base
        starts, stops = rows[:, 0] + base, rows[:, 1] + base
        masks = numpy.bitwise_or.reduceat(1 << batch.reasons, rows[:, 2])
        fresh = numpy.empty(len(rows), bool)
        fresh[0] = starts[0] != self._stop
        fresh[1:] = starts[1:] != stops[:-1]
        if self._gaps_total <= self._longest + 1:
            self._pieces.append((numpy.column_stack([starts, stops, rows[:, 2:]]).tolist(), batch.reasons.tolist()))
        begins = numpy.flatnonzero(fresh)
        whole = numpy.bitwise_or.reduceat(masks, numpy.concatenate([[0], begins]) if not fresh[0] else begins)
        before = self._gaps_total  # the number of the first of these gaps
        if not fresh[0]:
            before -= 1
            whole[0] |= self._mask
            again = (self._mask >> 1).bit_count()
            self._diagnostics_total -= again
            self._listed_of_gaps -= again if before < self._longest else 0
        reasons = numpy.unpackbits((whole >> 1).view(numpy.uint8)).reshape(-1, 64)
        self._diagnostics_total += int(reasons.sum())
        self._listed_of_gaps += int(reasons[: max(0, self._longest - before)].sum())
        self._gaps_total += len(begins)
        self._stop, self._mask = int(stops[-1]), int(whole[-1])

    # ---------------------------------------------------------------- the report

    def _lists(self) -> tuple[Sequence[Gap], Sequence[Finding]]:
        gaps = LazySequence(self._all_gaps(), min(self._gaps_total, self._longest))
        findings = LazySequence(self._all_findings(gaps), min(self._listed(), self._longest))
        return gaps, findings

    def _listed(self) -> int:
        """How many findings there are of the gaps that are listed, and of all else."""
        if self._gaps_total <= self._longest:
            return self._diagnostics_total
        return len(self._placed) + min(self._counters_kept, self._longest) + self._listed_of_gaps

    def _all_gaps(self) -> Iterator[Gap]:
        out: list[Any] = []
        gap = OpenGap([format.name for format in self._native.formats])
        words = self._native.reasons
        for rows, reasons in self._pieces:
            for start, stop, first, count in rows:
                if start != gap.stop:
                    gap.close(out)
                    yield from out
                    out.clear()
                gap.add(start, stop, [words[code] for code in reasons[first : first + count]])
        gap.close(out)
        yield from out

    def _all_findings(self, gaps: Sequence[Gap]) -> Iterator[Finding]:
        """What was found, in the order of the stream, as far as it is listed."""
        frames = {name: count["frames"] for name, count in self._run.statistics.by_format.items()}
        known = self._own.read if self._own is not None else self._run.known
        from sigflow.recording.faults import Examiner

        examiner = Examiner(self._run.formats, known, budget=self._budget, held=lambda name: frames.get(name, 0) > 0)
        others: Iterator[tuple[Place, Finding]] = iter(self.placed())
        other = next(others, None)
        for gap in gaps:
            while other is not None and other[0] < (gap.span.stop, OF_GAP):
                yield other[1]
                other = next(others, None)
            yield from examiner.findings(gap)
        while other is not None:
            yield other[1]
            other = next(others, None)
