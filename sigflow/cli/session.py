"""`sigflow session check|repair|show`: what the folder of a session holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from sigflow.cli import exits
from sigflow.cli.captures import formats_of
from sigflow.cli.completion import folders
from sigflow.cli.help import Group
from sigflow.cli.options import Compiling, Settings, compiling, max_frame_option, output_format, screened, specs_option
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.errors import UsageError
from sigflow.storage.session import layout
from sigflow.storage.session.entries import NOTES
from sigflow.storage.session.opening import read_document
from sigflow.storage.session.reader import Contents
from sigflow.stream.cuts import REMOVED

if TYPE_CHECKING:
    from sigflow.session.repair import Survey

folder_argument = click.argument("folder", metavar="DIR", shell_complete=folders)


@click.group("session", cls=Group)
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
                "notes": _notes(contents),
                "first_ns": entries[0].wall_ns if entries else None,
                "last_ns": entries[-1].wall_ns if entries else None,
                "damage": [damage._asdict() for damage in contents.damage],
            }
        )
    return out


def _notes(contents: Contents) -> dict[str, int]:
    """How often what was noted, by what it was."""
    counts: dict[str, int] = {}
    for entry in contents.notes:
        what = (NOTES[entry.code] if entry.code < len(NOTES) else "") or "other"
        counts[what] = counts.get(what, 0) + entry.value
    return counts


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


@command.command("repair")
@folder_argument
@click.option(
    "--to", "target", metavar="NEWDIR", shell_complete=folders, help="Write a session there of all that is whole."
)
@specs_option("The formats of a session whose session.json cannot be read: names, .ksy files or FILE.py:OBJECT.")
@max_frame_option
@output_format("text", "json")
@compiling
@screened
def repair_(
    folder: str,
    target: str | None,
    specs: tuple[str, ...],
    max_frame: int | None,
    form: str,
    compiling: Compiling,
    screen: Screen,
) -> int:
    """Say what of the session DIR is whole, what is torn, and what is lost; with --to, write a session anew of all
    that is whole.

    DIR is only read. Every record of its raw capture whose CRC holds is in NEWDIR, at its offset; what is missing
    between two is a hole. Sinks begin anew there. A session need not be repaired to go on with it, or to read it: what
    is not whole is stepped over. Exit code 3 where something is damaged.
    """
    from sigflow.session.repair import repair, survey

    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: there is no such folder")
    surveyed = survey(folder)
    if target is not None:
        settings = Settings(screen, specs, max_frame=max_frame, compiling=compiling)
        repair(surveyed, target, formats_of(settings) if surveyed.document else (), specs)
    if form == "json":
        screen.line(dumps({"schema_version": 1, **surveyed.tree(), "to": target}, indent=2))
    else:
        for line in _repair_lines(surveyed, target):
            screen.prose(one_line(line))
    return exits.OK if surveyed.whole else exits.DAMAGED


def _repair_lines(surveyed: Survey, target: str | None) -> Iterator[str]:
    """What was found, in words."""
    yield f"{surveyed.folder}: {'nothing is damaged' if surveyed.whole else 'damaged'}"
    if surveyed.document:
        yield f"  {surveyed.document}: lost are the formats, limits and sources that it named"
    if surveyed.ledger:
        yield f"  {surveyed.ledger}: lost is how far each sink had come, and which stream is of which source"
    for stream in surveyed.tree()["streams"]:
        words = f"  stream {stream['stream']}: {counted(stream['bytes'], 'byte')} whole"
        if stream["lost_entries"]:
            words += f"; {counted(stream['lost_entries'], 'entry of the index', 'entries of the index')}"
            words += f" and {counted(stream['lost_bytes'], 'byte')} of records lost"
        if stream["damaged_segments"]:
            words += f", in segments {', '.join(map(str, stream['damaged_segments']))}"
        yield words
    if target is not None:
        yield f"  all that is whole is in {target}"
    elif not surveyed.whole:
        yield "  every command steps over what is damaged; --to NEWDIR writes a session of all that is whole"


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
            for what, count in stream["notes"].items():
                words += f", {what} {count}"
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
