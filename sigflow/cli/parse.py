"""`sigflow parse`: frames with their decoded fields, in one of several forms."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import each
from sigflow.cli.forms import FORMS
from sigflow.cli.options import Settings, captures, output_format, scanning
from sigflow.cli.output import written
from sigflow.cli.verdicts import LISTED, summary_line
from sigflow.errors import UsageError
from sigflow.events import Record
from sigflow.recording.frames import frame_tree
from sigflow.recording.recording import Verdict

if TYPE_CHECKING:
    from sigflow.recording import Recording, Report
    from sigflow.stream.format import Format


@click.command("parse")
@captures
@output_format(*FORMS)
@click.option("-o", "--output", metavar="OUT", help="Write to this file instead of stdout.")
@click.option("--limit", type=click.IntRange(0), metavar="N", help="Stop after N frames of each capture.")
@click.option("--fields", metavar="A,B.C", help="Only these fields, by their paths, e.g. stream_id,flags.encoding.")
@click.option("--instances", is_flag=True, help="Show computed fields too.")
@scanning
def command(
    captures: tuple[str, ...],
    form: str,
    output: str | None,
    limit: int | None,
    fields: str | None,
    instances: bool,
    settings: Settings,
) -> int:
    """Print the frames of each CAPTURE with their decoded fields; what is wrong with it goes to stderr."""
    screen = settings.screen
    wanted = [field.strip() for field in fields.split(",") if field.strip()] if fields else []
    reports: list[Report] = []
    with ExitStack() as stack:
        write: Callable[[str], object] = screen.write
        if output is not None:
            write = stack.enter_context(written(output, captures)).write
        printer = FORMS[form](write, wanted)

        def work(recording: Recording) -> int:
            _check_fields(wanted, recording.formats)
            formats = {format.name: format for format in recording.formats}
            run = recording.run(keep=True)
            verdict = Verdict(run)
            printed = shown = 0
            whole = True
            printer.begin(recording.formats)
            for event in run:
                if printed == limit:
                    whole = False
                    break
                if isinstance(event, Record):
                    tree = frame_tree(event, formats[event.format], instances=instances, fields=wanted)
                    printer.frame(tree)
                    printed += 1
                for finding in verdict.add(event):
                    shown += 1
                    if shown <= LISTED:
                        screen.diagnostic(finding.severity.value, f"{recording.name}: {finding}")
            printer.end()
            if not whole:
                screen.note(f"{recording.name}: stopped after {limit} frames")
                return exits.DAMAGED if verdict.damaged_so_far else exits.OK
            report = verdict.report(recording.name)
            if not report.bytes:
                screen.diagnostic("note", f"{recording.name}: the capture holds no bytes")
            if shown > LISTED:
                screen.note(f"{recording.name}: {shown - LISTED} more diagnostics; `sigflow validate` lists them")
            reports.append(report)
            if not report.sound:
                screen.note(summary_line([report], 0))
            return exits.OK if report.sound else exits.DAMAGED

        code = each(captures, settings, work)
    if len(captures) > 1:
        screen.note(summary_line(reports, len(captures) - len(reports)))
    return code


def _check_fields(wanted: list[str], formats: tuple[Format, ...]) -> None:
    """A field that no format has is a mistake, not an empty column."""
    known = {field.id for format in formats if format.envelope for field in format.envelope.fields}
    if not known:
        return
    for field in wanted:
        first = field.partition(".")[0].partition("[")[0]
        if first not in known:
            from difflib import get_close_matches

            near = get_close_matches(first, known, 1)
            hint = f", did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"unknown field {first!r}{hint}")
