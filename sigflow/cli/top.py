"""`sigflow top`: how a running ingestion does, each second."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from sigflow.cli import exits
from sigflow.cli.completion import folders
from sigflow.cli.options import output_format, screened, seconds_type
from sigflow.cli.session import opened
from sigflow.cli.terminal import Screen, one_line
from sigflow.columns.plain_json import dumps
from sigflow.session.status import Rates, read_status
from sigflow.storage.session.following import acquiring

#: Seconds after which what was last said is old.
STALE = 5.0
_COLUMNS = ("source", "frames/s", "bytes/s", "refused %", "lost %", "dropped", "age", "reconnects")


@click.command("top")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@click.option(
    "--every", type=seconds_type, default=1.0, show_default=True, metavar="SECONDS", help="Between two looks."
)
@click.option("--once", is_flag=True, help="Look once.")
@output_format("text", "ndjson")
@screened
def command(folder: str, every: float, once: bool, form: str, screen: Screen) -> int:
    """Say how the ingestion into the session DIR does: of each source rates, refused and lost frames, dropped bytes,
    and how old the last byte is.

    Ends when the ingestion has, or by Ctrl-C. Ages grow by themselves: a source that says nothing is seen to be silent.
    """
    opened(folder)
    rates = Rates()
    terminal = sys.stdout.isatty() and form == "text"
    while True:
        running = acquiring(folder)
        status = read_status(folder)
        lines = [] if status is None else rates.lines(status)
        if form == "ndjson":
            for line in lines:
                screen.line(dumps(line))
        else:
            if terminal and not once:
                screen.write("\x1b[H\x1b[2J")
            for row in _table(lines, running):
                screen.line(row)
        if once or not running:
            return exits.OK
        time.sleep(every)


def _table(lines: list[dict[str, Any]], running: bool) -> list[str]:
    """The lines as text in columns."""
    rows = [list(_COLUMNS)]
    for line in lines:
        age = line["age_s"]
        old = "" if age is None or age < STALE else " (silent)"
        rows.append(
            [
                one_line(line["source"]),
                f"{line['frames_per_s']:.1f}",
                f"{line['bytes_per_s']:.0f}",
                f"{line['refused_percent']:.2f}",
                f"{line['lost_percent']:.2f}",
                str(line["dropped"]),
                "-" if age is None else f"{age:.1f} s{old}",
                str(line["reconnects"]),
            ]
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(_COLUMNS))]
    out = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return out if running else [*out, "nobody ingests into this session now"]
