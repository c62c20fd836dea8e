"""`sigflow parse`: frames with their decoded fields, in one of several forms."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import each
from sigflow.cli.forms import FORMS, Form
from sigflow.cli.options import Settings, captures, output_format, scanning
from sigflow.cli.output import STANDARD_OUTPUT, Nothing, written, written_bytes
from sigflow.cli.reading import Pass
from sigflow.cli.tables import TABLES, TableFile
from sigflow.cli.verdicts import summary_line
from sigflow.errors import UsageError
from sigflow.events import Record
from sigflow.recording.frames import field_ids, frame_tree

if TYPE_CHECKING:
    from sigflow.recording import Recording, Report
    from sigflow.stream.format import Format


@click.command("parse")
@captures
@output_format(*FORMS, *TABLES)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="Write to this file, whole or not at all, instead of stdout (-); arrow and parquet need it.",
)
@click.option("--limit", type=click.IntRange(0), metavar="N", help="Stop after N frames of each capture.")
@click.option("--fields", metavar="A,B.C", help="Only these fields, by their paths, e.g. stream_id,flags.encoding.")
@click.option("--instances", is_flag=True, help="Show computed fields too.")
@click.option("--physical", is_flag=True, help="Arrow and Parquet: physical values too, in columns FIELD_physical.")
@scanning
def command(
    captures: tuple[str, ...],
    form: str,
    output: str | None,
    limit: int | None,
    fields: str | None,
    instances: bool,
    physical: bool,
    settings: Settings,
) -> int:
    """Print the frames of each CAPTURE with their decoded fields; what is wrong with it goes to stderr."""
    screen = settings.screen
    wanted = [field.strip() for field in fields.split(",") if field.strip()] if fields else []
    if form in TABLES and (output is None or (output == STANDARD_OUTPUT and sys.stdout.isatty())):
        raise UsageError(f"{form} is not for a terminal: name a file with -o")
    if physical and form not in TABLES:
        raise UsageError(f"--physical is for {' and '.join(TABLES)}")
    reports: list[Report] = []
    with ExitStack() as stack:
        show: Callable[[Pass, Recording], None]
        if form in TABLES and output is not None:
            file = stack.enter_context(written_bytes(output, captures, settings.read))
            table = stack.enter_context(TableFile(form, file, wanted, instances, physical))
            show = lambda read, recording: table.add(read.frames(), read.formats)  # noqa: E731
        else:
            write: Callable[[str], object] = screen.write
            if output not in (None, STANDARD_OUTPUT):
                write = stack.enter_context(written(output, captures, settings.read)).write
            printer = FORMS[form](write, wanted)
            show = lambda read, recording: _print(read, recording, printer, wanted, instances)  # noqa: E731

        def work(recording: Recording) -> int:
            read = Pass(recording, limit, screen)
            show(read, recording)
            return read.end(reports, alone=len(captures) == 1)

        code = each(captures, settings, work)
        if output is not None and code in (exits.FAILED, exits.USAGE):
            raise Nothing  # not all that was asked for could be read: OUT keeps what it was
    if len(captures) > 1:
        screen.note(summary_line(reports, len(captures) - len(reports)))
    return code


def _print(read: Pass, recording: Recording, printer: Form, wanted: Sequence[str], instances: bool) -> None:
    """The frames as text."""
    formats = {format.name: format for format in recording.formats}
    fields = Fields(wanted, recording.formats, instances)
    begun = False
    for record in read:
        fields.check(record)
        if not begun:
            printer.begin(recording.formats)
            begun = True
        printer.frame(frame_tree(record, formats[record.format], instances=fields.instances, fields=wanted))
    if not begun:
        printer.begin(recording.formats)
    printer.end()


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
