"""The verdict on a capture, from the events of a run; and what every verdict keeps, whatever it is made from.

`Verdict` is the one maker of a `Report`.  It keeps what belongs to a place in the stream, and what the sequence
counters show, which may be told later than the frame that it is about; a loss is judged by what came after.  A kind of
run that has more than events to offer brings a verdict of its own (`native_verdict`), which must say the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol, Self

from sigflow.diagnostics import Finding, Severity
from sigflow.events import Event, Gap, Idle, Loss, Note, Record
from sigflow.recording.batches import SIZE, framed
from sigflow.recording.losses import findings_of
from sigflow.recording.report import EMPTY, LONGEST, OF_COUNTER, OF_GAP, OF_RECORD, Report, finding_of

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.recording.diagnosis.budget import Budget
    from sigflow.recording.faults import CandidateReport, Examiner
    from sigflow.stream.format import Format
    from sigflow.stream.statistics import Statistics

#: Where a finding belongs in the stream: an offset, and its rank among those there.
Place = tuple[int, int]


class Pass(Protocol):
    """What a verdict asks of a pass over a storage, by whichever engine."""

    #: Which engine it is.
    engine: str
    #: The formats with the limits that hold here.
    formats: Sequence[Format]

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        ...

    def known(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), as far as they are known."""
        ...


class EventPass(Pass, Protocol):
    """A pass that gives events."""

    def events(self) -> Iterator[Event]:
        """The events in the order of the stream; once only."""
        ...


class Verdict(ABC):
    """What a run says about the capture.  State: the findings, cut at the greatest length of a report's lists; counts.

    budget: of the search for causes of failed checksums; None: they are not searched.
    """

    #: Whether a report still reads from the run's storage when it is looked at.
    reads_later = False

    def __init__(self, run: Pass, longest: int = LONGEST, budget: Budget | None = None) -> None:
        self._run = run
        self._longest = longest
        self._budget = budget
        self._placed: list[tuple[Place, Finding]] = []
        self._diagnostics_total = 0
        self._gaps_total = 0
        self._damaged = False
        self._counters: list[Callable[[], Iterable[Event]]] = []  # each gives losses and notes, in the order told
        self._counters_kept = 0
        self._since: list[Event] = []  # losses and notes that `counted` has not given yet

    @abstractmethod
    def frames(self, size: int = SIZE) -> Iterator[FrameBatch]:
        """Judges the whole run, and gives its frames on the way, at most `size` at a time."""

    def views(self, size: int = SIZE, *, follow: bool = True) -> Iterator[FrameBatch]:
        """The same as they were read: their bytes are valid until the next frames are asked for, and `counted` gives
        nothing.  follow: whether sequence counters must be followed; else nobody asks for what is lost.
        """
        for frames in self.frames(size):
            self._since.clear()
            yield frames

    @abstractmethod
    def all(self) -> Self:
        """Judges the whole run."""

    def counted(self) -> list[Event]:
        """The losses and notes since this was last asked: those of the frames given, and maybe of some that follow."""
        events, self._since = self._since, []
        return events

    @property
    def damaged(self) -> bool:
        """Whether there is a gap, a loss, or an error."""
        return self._damaged or self._gaps_total > 0 or self._run.statistics.sequence["lost"] > 0

    @property
    def faulty(self) -> bool:
        """Whether there is a gap or an error, whatever is lost."""
        return self._damaged or self._gaps_total > 0

    def add_findings(self, place: Place, findings: Iterable[Finding]) -> None:
        """Counts findings, and keeps them while the list is not full.  place: where in the stream they belong."""
        for finding in findings:
            self._damaged = self._damaged or finding.severity is Severity.ERROR
            self._diagnostics_total += 1
            if len(self._placed) < self._longest:
                self._placed.append((place, finding))

    def count(self, events: Callable[[], Iterable[Event]], size: int) -> None:
        """Counts `size` losses and notes, and keeps what makes them while the list is not full."""
        self._diagnostics_total += size
        if self._counters_kept < self._longest:
            self._counters.append(events)
            self._counters_kept += size

    def placed(self) -> list[tuple[Place, Finding]]:
        """What is kept, in the order of the stream."""
        events = list(islice(chain.from_iterable(make() for make in self._counters), self._longest))
        placed = list(self._placed)
        for event, finding in zip(events, findings_of(events, self._run.formats), strict=True):
            assert isinstance(event, Loss | Note)  # the counters show nothing else
            placed.append(((event.offset, OF_COUNTER), finding))
        placed.sort(key=lambda entry: entry[0])
        return placed

    def report(self, capture: str) -> Report:
        """The verdict so far; complete once the run is over."""
        statistics = self._run.statistics
        if not statistics.bytes and not self._damaged:
            self.add_findings((0, 0), [EMPTY])
        else:
            self.add_findings((-1, 0), self._without_preamble(statistics))  # before what a gap there says
        gaps, diagnostics = self._lists()
        return Report(
            capture=capture,
            specs=tuple(format.name for format in self._run.formats if not format.is_part),
            engine=self._run.engine,
            sound=not self.damaged,
            bytes=statistics.bytes,
            frames=statistics.frames,
            frame_bytes=statistics.frame_bytes,
            gap_bytes=statistics.gap_bytes,
            idle_bytes=statistics.idle_bytes,
            by_format={name: dict(count) for name, count in statistics.by_format.items()},
            gaps=gaps,
            gaps_total=self._gaps_total,
            sequence=dict(statistics.sequence),
            diagnostics=diagnostics,
            diagnostics_total=self._diagnostics_total,
            work_ratio=statistics.work_ratio,
        )

    def _without_preamble(self, statistics: Statistics) -> Iterator[Finding]:
        """What is to be said of formats whose preamble does not stand at the beginning, where no gap says it."""
        for format in self._run.formats:
            around = format.envelope.around if format.envelope is not None else None
            if around is None or around.preamble is None or not statistics.by_format[format.name]["frames"]:
                continue
            if not statistics.by_format[around.preamble.about.name]["frames"]:
                text = "the capture begins without a preamble: what frames take from it is lacking"
                if format.preamble is not None and format.preamble.raw is not None:
                    text = "the capture begins without a preamble: frames are read as another one says"
                yield Finding("no-preamble", Severity.NOTE, text, 0, format.name)

    @abstractmethod
    def _lists(self) -> tuple[Sequence[Gap], Sequence[Finding]]:
        """The gaps and the diagnostics of the report, at most `longest` each."""


class EventVerdict(Verdict):
    """A verdict from events, for runs that give nothing else, and for who wants to see the events as well.

    told: findings that anybody looks at; further ones are counted, but need not be made.
    """

    def __init__(
        self, run: EventPass, longest: int = LONGEST, budget: Budget | None = None, told: int = LONGEST
    ) -> None:
        super().__init__(run, longest, budget)
        self._events = run.events
        self._told = told
        self._held: set[str] = set()  # the formats of which there were frames
        self._open: list[
            tuple[int, CandidateReport]
        ] = []  # findings that depend on whether frames come, by their place
        self._gaps: list[Gap] = []
        self._losses = False

    def frames(self, size: int = SIZE) -> Iterator[FrameBatch]:
        yield from framed(self._records(), self._run.formats, size)

    def _records(self) -> Iterator[Record]:
        for event in self._events():
            self.add(event)
            if isinstance(event, Record):
                yield event
            elif not isinstance(event, Gap | Idle):
                self._since.append(event)

    def all(self) -> Self:
        for event in self._events():
            self.add(event)
        return self

    def add(self, event: Event) -> tuple[Finding, ...]:
        """Counts one event, and returns its findings."""
        if isinstance(event, Record):
            self._held.add(event.format)
            findings = event.diagnostics
            if findings:
                self.add_findings((event.start, OF_RECORD), findings)
            return findings
        if isinstance(event, Gap):
            findings = self._gap(event)
            self.add_findings((event.span.start, OF_GAP), findings)
            return findings
        if isinstance(event, Idle):
            return ()
        finding = finding_of(event, self._run.formats)
        findings = () if finding is None else (finding,)
        if isinstance(event, Note) and event.severity is Severity.ERROR:
            self.add_findings((event.offset, OF_COUNTER), findings)  # no counter shows this
            return findings
        self._losses = self._losses or isinstance(event, Loss)
        self.count(lambda: (event,), 1)
        return findings

    @cached_property
    def _examiner(self) -> Examiner:
        """What looks at gaps, once there is one."""
        from sigflow.recording.faults import Examiner

        run = self._run
        return Examiner(run.formats, run.known, budget=self._budget, held=self._held.__contains__)

    @property
    def damaged_so_far(self) -> bool:
        """Whether the events that were added tell of damage, for a run that is not finished."""
        return self._damaged or self._gaps_total > 0 or self._losses

    def _gap(self, gap: Gap) -> tuple[Finding, ...]:
        self._gaps_total += 1
        if len(self._gaps) >= self._longest or len(self._placed) >= self._told:
            # Nobody sees it: the look at it would cost and its findings would be cut as well.
            self._diagnostics_total += sum(":" in reason for reason in gap.reasons)
            return ()
        self._gaps.append(gap)
        faults = self._examiner.told(gap)
        for place, fault in enumerate(faults, len(self._placed)):
            if fault.of_writers and fault.format not in self._held and place < self._longest:
                self._open.append((place, fault))
        return tuple(fault.said(held=fault.format in self._held) for fault in faults)

    def _lists(self) -> tuple[Sequence[Gap], Sequence[Finding]]:
        for place, fault in self._open:
            if fault.format in self._held:
                self._placed[place] = self._placed[place][0], fault.said(held=True)
        return tuple(self._gaps), tuple(finding for _, finding in self.placed()[: self._longest])
