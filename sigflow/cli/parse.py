"""`sigflow parse`: frames with their decoded fields, in one of several forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import each
from sigflow.cli.forms import FORMS
from sigflow.cli.options import Settings, captures, output_format, scanning
from sigflow.cli.output import written
from sigflow.cli.terminal import counted
from sigflow.cli.verdicts import LISTED, exit_code, finding_words, summary_line
from sigflow.errors import UsageError
from sigflow.events import Record
from sigflow.recording.frames import field_ids, frame_tree
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
            formats = {format.name: format for format in recording.formats}
            fields = Fields(wanted, recording.formats, instances)
            run = recording.run(keep=True)
            verdict = Verdict(run)
            printed = shown = 0
            whole = True
            for event in run:
                if printed == limit:
                    whole = False
                    break
                if isinstance(event, Record):
                    fields.check(event)
                    if not printed:
                        printer.begin(recording.formats)
                    tree = frame_tree(event, formats[event.format], instances=fields.instances, fields=wanted)
                    printer.frame(tree)
                    printed += 1
                for finding in verdict.add(event):
                    shown += 1
                    if shown <= LISTED:
                        screen.diagnostic(finding.severity.value, f"{recording.name}: {finding_words(finding)}")
            if not printed:
                printer.begin(recording.formats)
            printer.end()
            if not whole:
                screen.note(f"{recording.name}: stopped after {counted(printed, 'frame')}")
                return exits.DAMAGED if verdict.damaged_so_far else exits.OK
            report = verdict.report(recording.name)
            reports.append(report)
            if not report.bytes:
                screen.diagnostic("note", f"{recording.name}: the capture holds no bytes")
            if shown > LISTED:
                screen.note(f"{recording.name}: {counted(shown - LISTED, 'more diagnostic')}, see `sigflow validate`")
            if not report.sound and len(captures) == 1:
                screen.note(summary_line([report], 0))
            return exit_code(report)

        code = each(captures, settings, work)
    if len(captures) > 1:
        screen.note(summary_line(reports, len(captures) - len(reports)))
    return code


class Fields:
    """The fields that were asked for.  One that no format has is a mistake, not an empty column.

    State: what the formats declare, and with the first record of each its computed fields.
    """

    def __init__(self, wanted: Sequence[str], formats: Sequence[Format], instances: bool) -> None:
        self._wanted = {name.partition(".")[0].partition("[")[0] for name in wanted}
        self._declared = {name for format in formats for name in field_ids(format)}
        self._computed: set[str] = set()
        self._seen: set[str] = set()
        self._formats = len(formats)
        self._asked = instances

    @property
    def instances(self) -> bool:
        """Whether computed fields are needed: they were asked for, all of them or one by its name."""
        return self._asked or bool(self._wanted & self._computed)

    def check(self, record: Record) -> None:
        """Take in the first record of a format; `UsageError` once none is left that could have an unknown field."""
        if record.format in self._seen:
            return
        self._seen.add(record.format)
        value = record.value
        ids = getattr(value, "_IDS", {})
        self._declared.update(ids.get(name, name) for name in getattr(value, "_FIELDS", ()))
        self._computed.update(ids.get(name, name) for name in getattr(value, "_INSTANCES", ()))
        known = self._declared | self._computed
        for name in sorted(self._wanted - known) if len(self._seen) == self._formats else ():
            from difflib import get_close_matches

            near = get_close_matches(name, known, 1)
            hint = f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(known))}"
            raise UsageError(f"unknown field {name!r}{hint}")
