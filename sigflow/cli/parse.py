"""`sigflow parse`: frames with their decoded fields, in one of several forms."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import expanded, for_each
from sigflow.cli.completion import field_paths
from sigflow.cli.formatter import Formatter, RowFormatter, Style
from sigflow.cli.forms import FORMS, Parts, formatter
from sigflow.cli.options import Jobs, Settings, captures, hex_option, many, output_format, output_option, scanning
from sigflow.cli.output import STANDARD_OUTPUT, Nothing, Written, written, written_bytes
from sigflow.cli.reading import Pass
from sigflow.cli.selecting import selecting
from sigflow.cli.tables import TABLES, TableFile
from sigflow.cli.text import place_text
from sigflow.cli.verdicts import Summary
from sigflow.columns.options import Options
from sigflow.errors import UsageError
from sigflow.recording.frames import views
from sigflow.storage import STANDARD_INPUT

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection

#: The forms in which the frames of several captures are made by themselves, and put together.
PARTED = ("json", "ndjson", "csv")
#: Frames that a table looks at before it prints the first, to find how wide their columns must be.
AHEAD = 100


@click.command("parse")
@captures
@output_format(*FORMS, *TABLES)
@output_option("Write to this file, whole or not at all, instead of stdout (-); arrow and parquet need it.")
@click.option(
    "--fields",
    metavar="A,B.C",
    shell_complete=field_paths,
    help="Only these fields, by their paths, e.g. stream_id,flags.encoding.",
)
@click.option("--lenient", is_flag=True, help="Show frames that fail a check too, marked; they stay gap bytes.")
@click.option("--instances", is_flag=True, help="Show computed fields too.")
@click.option("--physical", is_flag=True, help="Show physical values too, each as FIELD_physical.")
@click.option("--payload-dtype", metavar="DTYPE", help="Show payloads as numbers of this NumPy type, e.g. i2 or >f4.")
@hex_option
@click.option("--wide", is_flag=True, help="table: show all columns, and every value whole.")
@click.option("--csv-safe", is_flag=True, help="csv: an apostrophe before texts that a spreadsheet would compute.")
@selecting
@scanning
@many(resumed=True)
def command(
    captures: tuple[str, ...],
    form: str,
    output: str | None,
    fields: str | None,
    lenient: bool,
    instances: bool,
    physical: bool,
    payload_dtype: str | None,
    in_hex: bool,
    wide: bool,
    csv_safe: bool,
    selection: Selection,
    jobs: Jobs,
    settings: Settings,
) -> int:
    """Print the frames of each CAPTURE with their decoded fields; what is wrong with it goes to stderr."""
    screen = settings.screen
    named = tuple(dict.fromkeys(field.strip() for field in (fields or "").split(",") if field.strip())) or None
    if form in TABLES and (output is None or (output == STANDARD_OUTPUT and sys.stdout.isatty())):
        raise UsageError(f"{form} is not for a terminal: name a file with -o")
    if csv_safe and form != "csv":
        raise UsageError("--csv-safe is for csv")
    if lenient and form in TABLES:
        raise UsageError(f"--lenient is for table, json, ndjson and csv: a column of {form} would not tell them apart")
    if jobs.pooled and form not in PARTED:
        raise UsageError(
            f"--jobs and --resume are for {', '.join(PARTED)}: {form} is made of one capture after the other"
        )
    captures = tuple(expanded(captures))
    several = len(captures) > 1
    names = captures if several else ()
    wanted = Options(instances, physical, named, payload=payload_dtype, captures=names, lenient=lenient)
    summary = Summary()
    with ExitStack() as stack:
        show: Callable[[Pass, Recording], None]
        close: Callable[[], None] = lambda: None  # noqa: E731
        parts: Parts | None = None
        if form in TABLES and output is not None:
            file = stack.enter_context(written_bytes(output, captures, settings.read))
            table = stack.enter_context(TableFile(form, file, wanted))
            show = lambda read, recording: table.add(read.frames, read.formats, recording.name, read.threads)  # noqa: E731
        else:
            out: Written = screen
            worker = jobs.worker
            if output not in (None, STANDARD_OUTPUT) and worker is None:
                out = stack.enter_context(written(output, captures, settings.read))
            width = None if wide else screen.width(output)
            head = worker.head if worker is not None else None
            style = Style(several, csv_safe, width, wide, _ahead(captures), place_text(in_hex), head)
            printer = formatter(form, out.write, style)
            parts = Parts(form, out.write)
            close = parts.close if jobs.pooled else printer.close
            show = lambda read, recording: _print(read, recording, printer, out.put, wanted)  # noqa: E731

        def work(recording: Recording) -> int:
            recording = recording.select(selection)
            recording.lenient = lenient
            read = Pass(recording, screen)
            show(read, recording)
            return read.end(summary, alone=not several)

        code = for_each(captures, settings, work, jobs=jobs, kept=summary, joined=parts)
        if output not in (None, STANDARD_OUTPUT) and code in (exits.FAILED, exits.USAGE):
            raise Nothing  # not all that was asked for could be read: OUT keeps what it was
        close()
    if several:
        screen.note(summary.line(len(captures)))
    return code


def _ahead(captures: Sequence[str]) -> int:
    """Frames of which a table sees how wide they are: of what comes as it happens, none is kept waiting."""
    return 0 if STANDARD_INPUT in captures else AHEAD


def _print(
    read: Pass, recording: Recording, printer: Formatter, put: Callable[[memoryview], object], wanted: Options
) -> None:
    """The frames as text."""
    shown = views(recording.formats, wanted)
    capture = recording.name if wanted.captures else None
    printer.begin(shown)
    rows = printer.rows(read.numbered, capture) if read.in_batches and isinstance(printer, RowFormatter) else None
    if rows is not None and rows.quick:
        assert isinstance(printer, RowFormatter)
        for text in read.texts(rows):
            put(printer.lines(text))
    else:
        for record in read:
            printer.frame(shown[record.format].of(record, capture))
    printer.end()
