"""One reading of a capture by a command that shows its frames: what is wrong with it goes to the screen as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sigflow.cli import exits
from sigflow.cli.rows import text_between
from sigflow.cli.terminal import counted
from sigflow.cli.verdicts import LISTED, Summary, exit_code, finding_words
from sigflow.events import Gap, Record
from sigflow.recording.batches import framed
from sigflow.recording.report import COMPRESSED, EMPTY
from sigflow.recording.run import BySections
from sigflow.recording.verdict import EventVerdict, Verdict

if TYPE_CHECKING:
    from sigflow.cli.rows import RowTexts
    from sigflow.cli.terminal import Screen
    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.table import Table
    from sigflow.diagnostics import Finding
    from sigflow.recording import Recording, Report
    from sigflow.recording.run import AnyRun
    from sigflow.recording.selection.choice import Picker
    from sigflow.recording.start import Start
    from sigflow.stream.format import Format


class Pass:
    """The frames of a recording that are meant: as records, as arrays, or as rows of text; once only.

    State: how much was given and told so far, the verdict on that, and once all was read, the report.
    """

    def __init__(self, recording: Recording, screen: Screen) -> None:
        self._recording = recording
        self._name = recording.name
        self._screen = screen
        self._given = self._shown = 0
        self._report: Report | None = None
        self._damaged = False

    @property
    def formats(self) -> Sequence[Format]:
        """The formats of the recording."""
        return self._recording.formats

    @cached_property
    def _run(self) -> AnyRun:
        return self._recording.run_of_frames(keep=True)

    @cached_property
    def _begun(self) -> Start | None:
        """Where the pass begins and ends, by an index."""
        return self._recording.start()

    def _judged(self, verdict: Verdict) -> Report:
        """The verdict; it is that on the capture only where all of that was read."""
        report = verdict.report(self._name)
        if self._begun is None:
            self._report = report
        else:
            self._damaged = verdict.damaged
        return report

    @cached_property
    def _picker(self) -> Picker:
        return self._recording.picker(self._run.formats)

    @property
    def _ends_early(self) -> bool:
        """Whether it may be known before the end that no further frame is meant."""
        wanted = self._recording.wanted
        return wanted.limit is not None or wanted.until is not None

    @property
    def in_batches(self) -> bool:
        """Whether the frames come as arrays, so that `texts` can be asked instead of iterating."""
        from sigflow.columns.arrow import has_arrow

        return not self._recording.lenient and isinstance(self._run, BySections) and has_arrow()

    def __iter__(self) -> Iterator[Record]:
        run = self._run
        verdict = EventVerdict(run, told=LISTED)
        lenient = None
        if self._recording.lenient:
            from sigflow.recording.lenient import Lenient

            lenient = Lenient(run.formats, run.known)
        picker = self._picker
        for event in run.events():
            if picker.full or (isinstance(event, Record) and picker.beyond(event.start, event.index)):
                self._damaged = verdict.damaged_so_far
                return
            if isinstance(event, Record) and picker.takes(event):
                self._given += 1
                yield event
            self._tell(verdict.add(event))
            if lenient is not None and isinstance(event, Gap):
                yield from filter(picker.fits, lenient.of_gap(event))
        report = self._judged(verdict)
        self._shown = max(self._shown, report.diagnostics_total)

    @property
    def numbered(self) -> Sequence[Format]:
        """The formats as the arrays number them, with what their preambles say."""
        return self._run.formats

    def texts(self, rows: RowTexts) -> Iterator[memoryview]:
        """The rows of the frames, in UTF-8; what is wrong is told where it is when iterating."""
        import numpy

        run = self._run
        assert isinstance(run, BySections)
        verdict = EventVerdict(run, told=LISTED)
        picker = self._picker
        for frames, events in run.sections():
            keep = picker.mask(frames)
            stop = picker.stop(frames, keep)
            before = numpy.concatenate(([0], numpy.cumsum(keep))).tolist()  # of these, how many are shown
            records = {
                before[row]: event
                for row, event in events
                if isinstance(event, Record) and row < len(keep) and keep[row]
            }
            texts = rows.of(frames if keep.all() else frames.at(keep), records)
            shown = 0
            stopped = stop is not None and stop < len(frames)
            for row, event in events:
                if stop is not None and row >= stop:
                    stopped = True
                    break
                findings = verdict.add(event)
                if findings and self._shown < LISTED:
                    behind = before[row + isinstance(event, Record)]
                    yield text_between(texts, shown, behind)
                    shown = behind
                self._tell(findings)
            yield text_between(texts, shown, before[-1])
            self._given += before[-1]
            if stopped:
                self._damaged = verdict.damaged_so_far
                return
        report = self._judged(verdict)
        self._shown = max(self._shown, report.diagnostics_total)

    def threads(self, table: Table) -> int:
        """By how many threads the columns of a table of `frames` are made."""
        from sigflow.recording.tables import divided

        return 1 if self._ends_early else divided(self._run, table, self._recording.workers)

    def frames(self) -> Iterator[FrameBatch]:
        """The frames as arrays.  What is wrong is told at the end: where nothing is, no frame has to be parsed."""
        if self._ends_early:
            yield from framed(self, self.formats)
            return
        verdict = self._run.verdict()
        for frames in self._picker.batches(verdict.frames()):
            self._given += len(frames)
            yield frames
        report = self._judged(verdict)
        self._tell(finding for finding in report.diagnostics[:LISTED] if finding.code != EMPTY.code)
        self._shown = max(self._shown, report.diagnostics_total)

    def _tell(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if finding.code == COMPRESSED:
                continue  # it is told in the end, by any command
            self._shown += 1
            if self._shown <= LISTED:
                self._screen.diagnostic(finding.severity.value, f"{self._name}: {finding_words(finding)}")

    def end(self, summary: Summary, *, alone: bool) -> int:
        """What is to be said at the end, and the exit code; a capture that was read whole is in the summary."""
        screen, report = self._screen, self._report
        if report is None:
            offset = self._begun.offset if self._begun is not None else 0
            begun = f"read from offset {offset} on, by its index; " if offset else ""
            summary.stop()
            screen.note(f"{self._name}: {begun}stopped after {counted(self._given, 'frame')}")
            return exits.DAMAGED if self._damaged else exits.OK
        summary.add(report)
        if not report.bytes:
            screen.diagnostic("note", f"{self._name}: the capture holds no bytes")
        if self._shown > LISTED:
            screen.note(f"{self._name}: {counted(self._shown - LISTED, 'more diagnostic')}, see `sigflow validate`")
        if not report.sound and alone:
            screen.note(Summary(report).line(1))
        return exit_code(report)
