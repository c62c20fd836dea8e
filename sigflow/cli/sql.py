"""`sigflow sql`: captures as tables of SQL."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import attempted, formats_of, opened_recording
from sigflow.cli.formatter import Style
from sigflow.cli.forms import FORMS
from sigflow.cli.options import Settings, output_format, output_option, scanning
from sigflow.cli.output import STANDARD_OUTPUT, Written, written, written_bytes
from sigflow.cli.tables import TABLES
from sigflow.config import configured
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow

#: Rows that a table looks at before it prints the first, to find how wide their columns must be.
AHEAD = 100


@click.command("sql")
@click.argument("query", metavar="QUERY")
@output_format(*FORMS, *TABLES)
@output_option("Write to this file, whole or not at all, instead of stdout (-); arrow and parquet need it.")
@click.option("--instances", is_flag=True, help="Captures have columns of computed fields too.")
@click.option("--physical", is_flag=True, help="Captures have columns of physical values too, each FIELD_physical.")
@click.option("--wide", is_flag=True, help="table: show all columns, and every value whole.")
@click.option("--csv-safe", is_flag=True, help="csv: an apostrophe before texts that a spreadsheet would compute.")
@scanning
def command(
    query: str,
    form: str,
    output: str | None,
    instances: bool,
    physical: bool,
    wide: bool,
    csv_safe: bool,
    settings: Settings,
) -> int:
    """Print what QUERY, of SQL, gives: in it captures are tables, each named by its path in quotes.

    sigflow sql "SELECT stream_id, count(*) FROM 'x.sgf' GROUP BY 1"

    Their columns are those of `parse --format arrow`; only those that are asked for are made. Only frames are rows:
    what is wrong with a capture, `validate` says. DuckDB runs the query (the extra `sql`), and reads files of Parquet,
    CSV and JSON itself.
    """
    if form in TABLES and (output is None or (output == STANDARD_OUTPUT and sys.stdout.isatty())):
        raise UsageError(f"{form} is not for a terminal: name a file with -o")
    if csv_safe and form != "csv":
        raise UsageError("--csv-safe is for csv")
    from sigflow.scale.sql import Database, captures_in

    captures = captures_in(query)

    def work() -> int:
        with ExitStack() as stack:
            database = stack.enter_context(Database())
            config, formats = configured(settings.config), formats_of(settings)
            for name in captures:
                opened = opened_recording(name, formats, settings, config)
                recording, _, _ = stack.enter_context(opened)
                database.add(name, recording, instances=instances, physical=physical)
            schema, batches = database.query(query)
            if form in TABLES:
                assert output is not None
                _write_file(form, output, captures, settings, schema, batches)
                return exits.OK
            from sigflow.cli.query_rows import ROW_FORMS, rows_of, unique

            out: Written = settings.screen
            if output not in (None, STANDARD_OUTPUT):
                out = stack.enter_context(written(output, captures, settings.read))
            style = Style(False, csv_safe, None if wide else settings.screen.width(output), wide, AHEAD)
            ROW_FORMS[form](unique(schema.names), rows_of(batches), out.write, style)
        return exits.OK

    return attempted(work)


def _write_file(
    form: str,
    output: str,
    captures: Sequence[str],
    settings: Settings,
    schema: pyarrow.Schema,
    batches: Iterator[pyarrow.RecordBatch],
) -> None:
    from sigflow.columns.files import WRITERS

    with written_bytes(output, captures, settings.read) as file:
        writer = WRITERS[form](file, schema)
        for batch in batches:
            writer.write(batch)
        writer.close()
