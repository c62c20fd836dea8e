"""`sigflow audit report|verify`: what went wrong in a session, and whether somebody changed what is said of it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from sigflow.cli import exits
from sigflow.cli.completion import folders
from sigflow.cli.help import Group
from sigflow.cli.options import output_format, screened
from sigflow.cli.session import opened
from sigflow.cli.terminal import Screen, complain, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.columns.times import time_text
from sigflow.storage.session.operations import audited
from sigflow.watch.audit.chain import Linked, broken
from sigflow.watch.audit.report import KEYS, WINDOWS, report
from sigflow.watch.audit.rows import Row

folder_argument = click.argument("folder", metavar="DIR", shell_complete=folders)


@click.group("audit", cls=Group)
def command() -> None:
    """Say what went wrong in a session, and whether that was changed."""


def _rows(folder: str) -> Iterator[Linked]:
    for number, *values, hash in audited(folder):
        yield Linked(number, Row(*values), hash)


@command.command("report")
@folder_argument
@click.option(
    "--by", multiple=True, type=click.Choice(KEYS), help="Apart by this; repeat it. device: the stream id on the wire."
)
@click.option("--window", type=click.Choice(list(WINDOWS)), help="In windows of this length, of the frames' own time.")
@output_format("text", "json", "ndjson")
@screened
def report_(folder: str, by: tuple[str, ...], window: str | None, form: str, screen: Screen) -> int:
    """Print what the audit of the session DIR says: frames, gaps, checksum failures, what was dropped and lost.

    `ingest --audit` keeps it.
    """
    opened(folder)
    entries = report((row for _, row, _ in _rows(folder)), by, window)
    if form == "ndjson":
        for entry in entries:
            screen.line(dumps(entry))
    elif form == "json":
        screen.line(dumps({"schema_version": 1, "session": folder, "entries": entries}, indent=2))
    else:
        for entry in entries:
            said = {name: value for name, value in entry.items() if name not in (*by, "window_ns") and value}
            words = [f"{name} {entry[name] or '-'}" for name in by]
            if window is not None:
                words.insert(0, str(time_text(entry["window_ns"], epoch=True) or "without a time"))
            counts = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in said.items()) or "nothing"
            screen.line(one_line(f"{', '.join(words)}: {counts}" if words else counts))
    if not entries:
        screen.note(f"{folder}: there is no audit in it (ingest --audit)")
    return exits.OK


@command.command("verify")
@folder_argument
@screened
def verify(folder: str, screen: Screen) -> int:
    """Check the hash of every row of the audit of the session DIR, and print the last one.

    A row that was changed, added or taken away breaks the chain: exit code 3. Keep the last hash elsewhere, and
    compare: it changes where all of them were made anew.
    """
    opened(folder)
    count, last, wrong = broken(_rows(folder))
    if wrong is not None:
        complain(f"{folder}: row {wrong} is not what was written: {counted(count, 'row')} before it hold")
        return exits.DAMAGED
    screen.line(one_line(f"{folder}: {counted(count, 'row')} hold; the last hash is {last.hex()}"))
    return exits.OK
