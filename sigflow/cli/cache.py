"""`sigflow cache show|clear`: the machine code of native scans that is kept on the disk, and the bounds of what is kept
in memory.
"""

from __future__ import annotations

from dataclasses import asdict

import click

from sigflow.caches import BOUNDS
from sigflow.cli import exits
from sigflow.cli.help import Group
from sigflow.cli.options import output_format, screened
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.engine import kept


@click.group("cache", cls=Group)
def command() -> None:
    """Look at the machine code that is kept on the disk, or remove it.

    A native scan of a list of formats is compiled once, and loaded by later runs. SIGFLOW_CACHE names the folder,
    SIGFLOW_CACHE_BYTES how much is kept: what was not used for longest goes first.
    """


@command.command("show")
@output_format("text", "json")
@screened
def show(form: str, screen: Screen) -> int:
    """Say what is kept, and where."""
    statistics = kept.statistics()
    if form == "json":
        from sigflow.columns.plain_json import dumps

        tree = asdict(statistics)
        screen.line(dumps({"schema_version": 1, **{name: tree[name] for name in SHOWN}, "memory": BOUNDS}))
    else:
        what = f"{counted(statistics.texts, 'scan')} in {counted(statistics.files, 'file')}"
        words = f"{statistics.folder}: {what}, {statistics.bytes} of at most {statistics.bound} bytes"
        screen.prose(one_line(words))
        bounds = " and ".join(f"{size} bytes ({kind})" for kind, size in BOUNDS.items())
        screen.prose(f"in memory, of each open recording: at most {bounds}")
    return exits.OK


@command.command("clear")
@screened
def clear(screen: Screen) -> int:
    """Remove all of it: native scans are compiled anew when they are next needed."""
    folder = kept.statistics().folder
    screen.line(one_line(f"{folder}: {counted(kept.clear(), 'byte')} removed"))
    return exits.OK


#: What of the statistics is not of one process.
SHOWN = ("folder", "texts", "files", "bytes", "bound")
