"""`sigflow recover`: the good frames of a capture written anew, the rest to a quarantine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import click

from sigflow import storage
from sigflow.cli import exits
from sigflow.cli.captures import at_any_offset, expanded, for_each
from sigflow.cli.completion import folders
from sigflow.cli.options import (
    Jobs,
    Settings,
    captures,
    explain_all_option,
    many,
    output_format,
    output_option,
    scanning,
)
from sigflow.cli.output import STANDARD_OUTPUT, guarded, identities, read_back, target
from sigflow.cli.selecting import selecting
from sigflow.cli.terminal import counted, flush_results, one_line
from sigflow.cli.verdicts import LISTED, Summary
from sigflow.columns.plain_json import dumps
from sigflow.diagnostics import Finding, Severity
from sigflow.errors import SigflowError, UsageError
from sigflow.quarantine import Quarantine
from sigflow.quarantine.store import SHORT
from sigflow.recording.diagnosis.budget import Budget
from sigflow.recording.report import COMPRESSED
from sigflow.recording.verdict import EventVerdict
from sigflow.recover import MODES, Capture, LeftOut, Recovery, recover
from sigflow.recover.recovery import content_id
from sigflow.storage.disk import folder_of

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen
    from sigflow.events import Event
    from sigflow.recording import Recording, Report
    from sigflow.recording.selection.asked import Selection

#: What the quarantine of an output is called where none is named.
ENDING = ".quarantine"


@click.command("recover")
@captures
@output_option("Where the good frames go: a file, - for stdout, or a folder for files of the same names.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default=MODES[0],
    show_default=True,
    help="Which good frames: all; those before the first damage; those after the last; none, only say what would be.",
)
@click.option(
    "--quarantine", metavar="DIR", shell_complete=folders, help="Where the rest is kept, instead of OUT.quarantine."
)
@explain_all_option
@output_format("text", "json", "ndjson")
@selecting
@scanning
@many()
def command(
    captures: tuple[str, ...],
    output: str | None,
    mode: str,
    quarantine: str | None,
    explain_all: bool,
    form: str,
    selection: Selection,
    jobs: Jobs,
    settings: Settings,
) -> int:
    """Write the good frames of each CAPTURE to OUT, byte for byte, and keep everything else in a quarantine.

    OUT takes its name only once it was read back: no gap, and every frame. Exit code 0 says that nothing is left out.
    Frames that are not selected are left out, too, and kept in the quarantine.
    """
    if mode in ("before", "after") and not selection.everything:
        raise UsageError(f"--mode {mode} and a selection of frames exclude each other")
    if jobs.pooled and output == STANDARD_OUTPUT:
        raise UsageError("--jobs: each capture has an output of its own, so -o names a folder")
    screen = settings.screen.beside(output)
    summary = Summary()
    captures = tuple(expanded(captures))
    outs = _outs(captures, output, mode, settings.read)

    def work(recording: Recording) -> int:
        shown = FORMS[form](screen)
        job = _Job(outs[recording.name], mode, quarantine, identities(captures), shown.left_out, explain_all, screen)
        done, report = job.recovered(recording.select(selection))
        summary.add(report)
        shown.result(done, report)
        return exits.OK if report.sound and done.whole else exits.DAMAGED

    code = for_each(captures, settings, work, jobs=jobs, kept=summary)
    if len(captures) > 1:
        screen.note(summary.line(len(captures)))
    return code


def _outs(captures: Sequence[str], output: str | None, mode: str, read: Sequence[str]) -> dict[str, str | None]:
    """The output of each capture."""
    if output is None:
        if mode != "report":
            raise UsageError("name the output with -o, or ask for --mode report")
        return dict.fromkeys(captures)
    outs: dict[str, str | None] = {}
    for capture in captures:
        out = outs[capture] = target(output, capture, several=len(captures) > 1)
        if mode != "report" and out != STANDARD_OUTPUT:
            guarded(out, captures, read)
    if len(set(outs.values())) < len(captures):
        raise UsageError(f"{output}: several captures would have the same output")
    return outs


class _Job:
    """What is to be done with a capture."""

    def __init__(
        self,
        out: str | None,
        mode: str,
        quarantine: str | None,
        spared: Sequence[tuple[int, int]],
        left_out: Callable[[LeftOut], None],
        explain_all: bool,
        screen: Screen,
    ) -> None:
        self._screen = screen
        self._explain_all = explain_all
        self._fault: object = None
        self._out = out
        self._mode = mode
        self._folder = quarantine or f"{out}{ENDING}"
        self._own = quarantine is None
        self._beside = quarantine is None and out == STANDARD_OUTPUT
        self._spared = spared
        self._left_out = left_out

    def recovered(self, recording: Recording) -> tuple[Recovery, Report]:
        """What was done, and the verdict on the capture."""
        if self._mode == "report" or self._out is None:
            return self._done(recording, None)
        if self._beside:
            # Standard output has no name to go by, the capture may have.
            name = os.path.basename(recording.name)
            self._folder = f"{'stdin' if name == storage.STANDARD_INPUT else name}{ENDING}"
        # (Where it is copied, that is shown; then it is scanned, which is shown, too.)
        with read_back(self._out) as path, at_any_offset(recording, folder_of(path), self._screen) as whole:
            self._fault = getattr(recording.storage, "fault", None)
            done, report = self._done(whole, path)
        return replace(done, out=self._out), report

    def _done(self, recording: Recording, out: str | None) -> tuple[Recovery, Report]:
        def reread(path: str) -> Iterator[Event]:
            with storage.open(path) as opened:
                yield from recording.over(opened).run().events()

        if self._mode != "report" and self._own:
            _refuse_others(self._folder, recording)
        run = recording.run(keep=True)
        verdict = EventVerdict(run, budget=Budget.endless() if self._explain_all else Budget())
        done = recover(
            Capture(
                recording.name,
                recording.storage,
                run,
                verdict.add,
                reread,
                None if recording.wanted.everything else recording.picker(run.formats).takes,
            ),
            out,
            lambda: Quarantine(self._folder, create=True),
            mode=self._mode,
            acknowledged=self._left_out,
            spared=self._spared,
        )
        fault = self._fault
        if fault is not None:
            verdict.add_findings((0, 0), [Finding(COMPRESSED, Severity.ERROR, str(fault), recording.storage.size or 0)])
        return done, verdict.report(recording.name)


def _refuse_others(folder: str, recording: Recording) -> None:
    """Refuse to recover into an output whose quarantine is of another capture: what is left out would be mixed up."""
    if not os.path.isdir(folder):
        return
    with Quarantine(folder, create=True) as there:
        captures = there.captures()
    if captures and (mine := content_id(recording.storage)[0]) not in captures:
        other, name = next(iter(captures.items()))
        raise SigflowError(
            f"{folder}: it holds what was left out of another capture ({one_line(name)}, {other[:SHORT]}; this one is "
            f"{mine[:SHORT]}): name another OUT, or a quarantine with --quarantine"
        )


# ---------------------------------------------------------------- forms


class Formatter(Protocol):
    """A way to print what is done."""

    def left_out(self, left: LeftOut) -> None:
        """A stretch is left out; where there is a quarantine, it is acknowledged now."""

    def result(self, done: Recovery, report: Report) -> None:
        """The recovery is over."""


class Json:
    """One document."""

    indent: int | None = 2

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def left_out(self, left: LeftOut) -> None:
        """The document has them all."""

    def result(self, done: Recovery, report: Report) -> None:
        """The document."""
        self._screen.line(dumps(done.tree() | {"sound": report.sound}, indent=self.indent))


class Ndjson(Json):
    """A line as soon as a stretch is acknowledged, and then the document."""

    indent = None

    def left_out(self, left: LeftOut) -> None:
        """Its line, at once: whoever has read it may count on it."""
        self._screen.line(dumps(left.tree()))
        flush_results()


class Text:
    """For people."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def left_out(self, left: LeftOut) -> None:
        """They are listed at the end."""

    def result(self, done: Recovery, report: Report) -> None:
        """The result in words."""
        for line in result_lines(done):
            self._screen.prose(one_line(line))
        if not report.bytes:
            self._screen.diagnostic("note", f"{done.capture}: the capture holds no bytes")
        if not report.sound and done.whole:
            self._screen.note(Summary(report).line(1))


FORMS: dict[str, Callable[[Screen], Formatter]] = {"text": Text, "json": Json, "ndjson": Ndjson}


def result_lines(done: Recovery) -> Iterator[str]:
    """What was done, or would be, in words."""
    frames = f"{done.written_frames} of {counted(done.frames, 'frame')}, {done.written_bytes} bytes"
    if done.mode == "report":
        yield f"{done.capture}: {frames}, would be written"
    elif done.placed:
        yield f"{done.capture}: {frames}, written to {done.out} and read back"
    if done.difference:
        yield f"{done.capture}: {done.out or 'the output'} is not written: {done.difference}"
    if done.left_out_total:
        kept = f", kept in {done.quarantine}" if done.quarantine is not None else ""
        yield f"  {done.left_bytes} bytes left out in {counted(done.left_out_total, 'stretch', 'stretches')}{kept}"
    for left in done.left_out[:LISTED]:
        span = left.span
        entry = f"  {left.entry[:SHORT]}" if left.entry else ""
        yield f"  {span.start}..{span.stop} ({len(span)} bytes): {', '.join(left.reasons)}{entry}"
    if done.left_out_total > LISTED:
        yield f"  and {done.left_out_total - LISTED} more; --format json lists them"
    if done.lost:
        yield f"  {counted(done.lost, 'frame')} lost, by the sequence numbers"
