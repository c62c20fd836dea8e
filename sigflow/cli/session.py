"""`sigflow session check|repair|show`: what the folder of a session holds."""

from __future__ import annotations

import os
from typing import Any

import click

from sigflow.cli import exits
from sigflow.cli.completion import folders
from sigflow.cli.help import Context
from sigflow.cli.options import output_format, screened
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.errors import UsageError
from sigflow.storage.session import layout
from sigflow.storage.session.opening import read_document
from sigflow.storage.session.reader import Contents
from sigflow.stream.cuts import REMOVED

folder_argument = click.argument("folder", metavar="DIR", shell_complete=folders)


class _Group(click.Group):
    context_class = Context


@click.group("session", cls=_Group)
def command() -> None:
    """Look at what sessions hold, and mend what is torn."""


def opened(folder: str) -> None:
    """Raises `UsageError` where a folder is no session."""
    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: there is no such folder")
    if not layout.is_session(folder):
        raise UsageError(f"{folder}: it is no session")
    read_document(folder)


def _tree(folder: str, *, verify: bool) -> list[dict[str, Any]]:
    """What each stream of a session holds."""
    out = []
    for stream in layout.streams(folder):
        contents = Contents(stream, verify=verify)
        holes = sum(cut.missing or 0 for cut in contents.cuts if cut.kind != REMOVED)
        removed = sum(cut.missing or 0 for cut in contents.cuts if cut.kind == REMOVED)
        entries = [piece.entry for piece in contents.pieces]
        out.append(
            {
                "stream": int(os.path.basename(stream)),
                "segments": len(contents.numbers),
                "bytes": contents.offset,
                "stored_bytes": contents.stored,
                "missing_bytes": holes,
                "removed_bytes": removed,
                "chunks": len(contents.pieces),
                "cuts": len(contents.cuts) - bool(removed),
                "marks": len(contents.marks),
                "first_ns": entries[0].wall_ns if entries else None,
                "last_ns": entries[-1].wall_ns if entries else None,
                "damage": [damage._asdict() for damage in contents.damage],
            }
        )
    return out


@command.command("show")
@folder_argument
@output_format("text", "json")
@screened
def show(folder: str, form: str, screen: Screen) -> int:
    """Say what each stream of the session DIR holds."""
    return _said(folder, form, screen, verify=False)


@command.command("check")
@folder_argument
@output_format("text", "json")
@screened
def check(folder: str, form: str, screen: Screen) -> int:
    """Read every byte of the session DIR, and say what is not whole.

    Exit code 3 where something is not. What a process that was killed had not acknowledged is told, too.
    """
    return _said(folder, form, screen, verify=True)


def _said(folder: str, form: str, screen: Screen, *, verify: bool) -> int:
    opened(folder)
    streams = _tree(folder, verify=verify)
    if form == "json":
        screen.line(dumps({"schema_version": 1, "session": folder, "streams": streams}, indent=2))
    else:
        for stream in streams:
            words = f"stream {stream['stream']}: {counted(stream['stored_bytes'], 'byte')}"
            words += f" in {counted(stream['segments'], 'segment')}"
            for name in ("cuts", "marks"):
                if stream[name]:
                    words += f", {counted(stream[name], name[:-1])}"
            if stream["missing_bytes"]:
                words += f", {counted(stream['missing_bytes'], 'byte')} missing"
            if stream["removed_bytes"]:
                words += f"; {counted(stream['removed_bytes'], 'byte')} before them removed"
            screen.prose(one_line(words))
            for damage in stream["damage"]:
                what = {"head": "the head of the index", "entry": "an entry of the index", "bytes": "bytes of a chunk"}
                place = f"segment {damage['segment']}, behind offset {damage['offset']}"
                screen.prose(one_line(f"  not whole: {what[damage['what']]} ({damage['length']} bytes), {place}"))
        if not streams:
            screen.prose(one_line(f"{folder}: the session holds no stream yet"))
    return exits.DAMAGED if any(stream["damage"] for stream in streams) else exits.OK
