"""The verdict on a storage from a native pass, equal to the one that `recording.Verdict` gives on its events.

Rows of gaps and losses are counted as they come, and the first of them are kept; gaps and findings are made of them
when they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from sigflow.diagnostics import Finding, Severity
from sigflow.engine.counters import Shown
from sigflow.events import Gap, Loss, Note
from sigflow.recording.faults import Examiner
from sigflow.recording.losses import findings_of
from sigflow.recording.native import CodedGap
from sigflow.recording.report import EMPTY, LONGEST, OF_COUNTER, OF_GAP, OF_RECORD, Report
from sigflow.runtime.box import MARK_LOOK

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.doubts import Doubts
    from sigflow.engine.passes import Batch
    from sigflow.events import Event
    from sigflow.recording.diagnosis import Budget
    from sigflow.recording.native import NativeRun

    Array = numpy.ndarray[Any, Any]

Item = TypeVar("Item")
#: Where a finding belongs in the stream: an offset, and its place among those there.
Place = tuple[int, int]


class Later(Sequence[Item], Generic[Item]):
    """A sequence whose items are made when they are first looked at.  size: how many there are."""

    def __init__(self, items: Iterator[Item], size: int) -> None:
        self._items = items
        self._made: list[Item] = []
        self._size = size

    def settle(self, count: int | None = None) -> list[Item]:
        """Make the first so many items; all of them where nothing is said."""
        wanted = self._size if count is None else count
        if wanted > len(self._made):
            self._made += islice(self._items, wanted - len(self._made))
        return self._made

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return self.settle(max(range(self._size)[index], default=-1) + 1)[index]
        return self.settle(range(self._size)[index] + 1)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self.settle()) == list(other)

    def __hash__(self) -> int:
        return hash(tuple(self.settle()))

    def __repr__(self) -> str:
        return repr(self.settle())

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self.settle().copy(),)


class NativeVerdict:
    """State: what was counted, and the first rows of each kind."""

    def __init__(
        self,
        run: NativeRun,
        longest: int = LONGEST,
        known: Callable[[int, int], bytes] | None = None,
        budget: Budget | None = None,
    ) -> None:
        """known: the bytes of the stream, for as long as the report may be looked at; else the run's.  budget: of the
        search for causes of failed checksums; None: they are not searched.
        """
        self._budget = budget
        self._run = run
        self._known = known or run.known
        self._longest = longest
        self._pieces: list[tuple[list[list[int]], list[int]]] = []  # rows of gaps by absolute offset, and their reasons
        self._gaps_total = 0
        self._listed_of_gaps = 0  # findings of those that are listed
        self._stop = -1  # the end of the last piece
        self._mask = 0  # the reasons of its gap
        self._told: list[Shown | list[Event]] = []  # losses and notes, in the order in which they were told
        self._kept = 0
        self._found: list[tuple[Place, Finding]] = []
        self._diagnostics_total = 0
        self._damaged = False
        self._doubts: list[Doubts] | None = None  # by the number of the format in the scan

    def all(self) -> NativeVerdict:
        """Go through the whole run."""
        for batch, index in self._run.batches():
            self.add(batch, index)
        self.end()
        return self

    def add(self, batch: Batch, index: int, counted: list[Event] | None = None) -> None:
        """Judge a batch of the run; index: of its first frame.  counted: gets what the sequence counters show."""
        if len(batch.gaps):
            self._gaps(batch)
        for _, shown in self._run.shown(batch, index):
            if counted is not None:
                counted += shown.events() if isinstance(shown, Shown) else shown
            self._tell(shown)
        for row in self._doubtful(batch):
            record = self._run.record(batch, index, row)
            self._list((record.start, OF_RECORD), record.diagnostics)

    def end(self, counted: list[Event] | None = None) -> None:
        """The run is over.  counted: as of `add`."""
        events = self._run.ended()
        self._tell(events)
        if counted is not None:
            counted += events

    def _tell(self, shown: Shown | list[Event]) -> None:
        """Keep what the counters show, as far as it is listed."""
        size = len(shown.rows) if isinstance(shown, Shown) else len(shown)
        self._diagnostics_total += size
        if self._kept < self._longest:
            self._told.append(shown)
            self._kept += size

    def _doubtful(self, batch: Batch) -> list[int]:
        """The rows whose records may have diagnostics: of those that the scan says so of, what a second look leaves."""
        import numpy

        rows = numpy.flatnonzero(batch.marks[:, 1] & MARK_LOOK)
        if not len(rows):
            return []
        if self._doubts is None:
            from sigflow.columns.doubts import Doubts

            self._doubts = [Doubts(format) for format in self._run.ordered]
        left = [
            mine[doubts.of(self._run.some(batch, mine))]
            for k, doubts in enumerate(self._doubts)
            if len(mine := rows[batch.marks[rows, 0] == k])
        ]
        return sorted(numpy.concatenate(left).tolist())

    def _list(self, place: Place, found: Sequence[Finding]) -> None:
        for finding in found:
            if finding.severity is Severity.ERROR:
                self._damaged = True
            self._diagnostics_total += 1
            if len(self._found) < self._longest:
                self._found.append((place, finding))

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

    def report(self, capture: str) -> Report:
        """The verdict."""
        statistics = self._run.statistics
        if not statistics.bytes:
            self._list((0, 0), [EMPTY])
        gaps = Later(self._all_gaps(), min(self._gaps_total, self._longest))
        findings = self._all_findings(gaps)
        lost = statistics.sequence["lost"]
        return Report(
            capture=capture,
            specs=tuple(format.name for format in self._run.formats),
            engine="native",
            sound=not (self._damaged or self._gaps_total or lost),
            bytes=statistics.bytes,
            frames=statistics.frames,
            frame_bytes=statistics.frame_bytes,
            gap_bytes=statistics.gap_bytes,
            by_format={name: dict(count) for name, count in statistics.by_format.items()},
            gaps=gaps,
            gaps_total=self._gaps_total,
            sequence=dict(statistics.sequence),
            diagnostics=Later(findings, min(self._listed(), self._longest)),
            diagnostics_total=self._diagnostics_total,
            work_ratio=statistics.work_ratio,
        )

    def _listed(self) -> int:
        """How many findings there are of the gaps that are listed, and of all else."""
        if self._gaps_total <= self._longest:
            return self._diagnostics_total
        return len(self._found) + min(self._kept, self._longest) + self._listed_of_gaps

    def _all_gaps(self) -> Iterator[Gap]:
        out: list[Any] = []
        gap = CodedGap(self._run)
        for rows, reasons in self._pieces:
            for start, stop, first, count in rows:
                if start != gap.stop:
                    gap.close(out)
                    yield from out
                    out.clear()
                gap.piece(start, stop, reasons[first : first + count])
        gap.close(out)
        yield from out

    def _all_findings(self, gaps: Sequence[Gap]) -> Iterator[Finding]:
        """What was found, in the order of the stream, as far as it is listed."""
        frames = {name: count["frames"] for name, count in self._run.statistics.by_format.items()}
        examiner = Examiner(
            self._run.formats, self._known, budget=self._budget, held=lambda name: frames.get(name, 0) > 0
        )
        others = iter(self._placed())
        other = next(others, None)
        for gap in gaps:
            while other is not None and other[0] < (gap.span.stop, OF_GAP):
                yield other[1]
                other = next(others, None)
            yield from examiner.findings(gap)
        while other is not None:
            yield other[1]
            other = next(others, None)

    def _placed(self) -> list[tuple[Place, Finding]]:
        """What was found beside the gaps."""
        shown = (one.events() if isinstance(one, Shown) else one for one in self._told)
        told = list(islice(chain.from_iterable(shown), self._longest))
        placed = list(self._found)
        for event, finding in zip(told, findings_of(told, self._run.formats), strict=True):
            assert isinstance(event, Loss | Note)  # the counters show nothing else
            placed.append(((event.offset, OF_COUNTER), finding))
        placed.sort(key=lambda each: each[0])
        return placed
