"""`sigflow top`: how a running ingestion does, each second."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict

import click

from sigflow.cli import exits
from sigflow.cli.completion import folders
from sigflow.cli.options import output_format, screened, seconds_type
from sigflow.cli.session import opened
from sigflow.cli.terminal import Screen, one_line
from sigflow.columns.plain_json import dumps
from sigflow.session.status import STALE, SessionStatus, session_status

_COLUMNS = (
    "source", "frames/s", "bytes/s", "checksum %", "lost %", "dropped bytes", "last frame", "reconnects"
)  # fmt: skip


@click.command("top")
@click.argument("folder", metavar="DIR", shell_complete=folders)
@click.option(
    "--every", type=seconds_type, default=1.0, show_default=True, metavar="SECONDS", help="Between two looks."
)
@click.option("--once", is_flag=True, help="Look once.")
@output_format("text", "ndjson")
@screened
def command(folder: str, every: float, once: bool, form: str, screen: Screen) -> int:
    """Say how the ingestion into the session DIR does: of each source frames and bytes a second, the shares of frames
    that failed their checksum and that never came, bytes that were dropped where they were received, how old the last
    frame is, and how often it was connected to anew.

    Ends when the ingestion has, or by Ctrl-C. Ages grow by themselves: a source that says nothing is seen to be silent.
    Rates and shares are those of the last five seconds.
    """
    opened(folder)
    terminal = sys.stdout.isatty() and form == "text"
    while True:
        status = session_status(folder)
        if form == "ndjson":
            for source in status.sources:
                screen.line(dumps(asdict(source)))
        else:
            if terminal and not once:
                screen.write("\x1b[H\x1b[2J")
            for row in _table(status):
                screen.line(row)
        sys.stdout.flush()
        if once or not status.running:
            return exits.OK
        time.sleep(every)


def _table(status: SessionStatus) -> list[str]:
    """The lines as text in columns."""
    rows = [list(_COLUMNS)]
    for source in status.sources:
        age = source.frame_age_s
        old = "" if age is None or age < STALE else " (silent)"
        rows.append(
            [
                one_line(source.source),
                f"{source.frames_per_s:.1f}",
                f"{source.bytes_per_s:.0f}",
                f"{source.checksum_failures_percent:.2f}",
                f"{source.lost_percent:.2f}",
                str(source.dropped),
                "-" if age is None else f"{age:.1f} s ago{old}",
                str(source.reconnects),
            ]
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(_COLUMNS))]
    out = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return out if status.running else [*out, "nobody ingests into this session now"]
