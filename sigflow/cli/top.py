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
    frame is, and how often it was connected to anew; and of each handler what became of the events.

    Ends when the ingestion has, or by Ctrl-C. Ages grow by themselves: a source that says nothing is seen to be silent.
    Rates and shares are those of the last five seconds.
    """
    opened(folder)
    terminal = sys.stdout.isatty() and form == "text"
    while True:
        status = session_status(folder)
        if form == "ndjson":
            for line in (*map(asdict, status.sources), *map(asdict, status.handlers)):
                screen.line(dumps(line))
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
    out = _columned(rows)
    if status.handlers:
        names = ("taken", "done", "failed", "late", "dropped", "waiting")
        handlers = [["handler", *names]]
        for handler in status.handlers:
            counts = [str(getattr(handler, name)) for name in names]
            handlers.append([one_line(handler.handler), *counts, *([one_line(handler.off)] if handler.off else [])])
        out += ["", *_columned(handlers)]
    return out if status.running else [*out, "nobody ingests into this session now"]


def _columned(rows: list[list[str]]) -> list[str]:
    """Rows as lines, each column as wide as what is in it; the first row says how many there are."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    widths += [0] * (max(map(len, rows)) - len(widths))
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
