"""`sigflow index build|verify|show|drop`: where the frames of captures are, kept beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sigflow.cli import exits
from sigflow.cli.captures import for_each
from sigflow.cli.help import Context
from sigflow.cli.options import Jobs, Settings, captures, many, output_format, scanning, screened
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.cli.verdicts import exit_code, verdict_lines
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.recording import Recording


#: Frames from which on it is told how many bytes an index has for each.
ENOUGH = 10_000


class _Group(click.Group):
    context_class = Context


@click.group("index", cls=_Group)
def command() -> None:
    """Keep where the frames of captures are, so that one of many million is found at once.

    The index of a capture lies beside it, as CAPTURE.sigidx, where CAPTURE is a URL, too. It holds for the capture as
    it was, and for the formats and limits that it was made with: else it is stale, and not used. --since, --until,
    `inspect --frame` and `inspect --offset` use it by themselves (--index).
    """


def _path(recording: Recording, settings: Settings) -> str:
    from sigflow.recording.indexed import AUTO, NEVER, REQUIRE, path_of

    if settings.index in (AUTO, NEVER, REQUIRE):
        return path_of(recording.name)
    return settings.index


@command.command("build")
@captures
@output_format("text", "json")
@scanning
@many()
def build(captures: tuple[str, ...], form: str, jobs: Jobs, settings: Settings) -> int:
    """Validate each CAPTURE, and write its index on the way."""
    _one_path(captures, settings)
    screen = settings.screen

    def work(recording: Recording) -> int:
        from sigflow.index.place import bytes_of
        from sigflow.recording.indexing import build_index

        path = _path(recording, settings)
        report = build_index(recording, path)
        if form == "json":
            screen.line(_json(report.tree() | {"index": path}))
        else:
            for line in verdict_lines(report, screen):
                screen.prose(line)
            screen.note(f"{path}: {bytes_of(path)} bytes")
        return exit_code(report)

    return for_each(captures, settings, work, jobs=jobs)


@command.command("verify")
@captures
@scanning
@many()
def verify(captures: tuple[str, ...], jobs: Jobs, settings: Settings) -> int:
    """Scan each CAPTURE again, and say whether its index is what it would be now."""
    _one_path(captures, settings)
    screen = settings.screen

    def work(recording: Recording) -> int:
        from sigflow.recording.indexed import verified

        path = _path(recording, settings)
        why = verified(recording, path)
        screen.line(f"{one_line(path)}: {why if why else 'holds'}")
        return exits.DAMAGED if why else exits.OK

    return for_each(captures, settings, work, jobs=jobs)


@command.command("show")
@captures
@output_format("text", "json")
@click.option("--index", "path", metavar="PATH", help="The index, where it does not lie beside the capture.")
@screened
def show(captures: tuple[str, ...], form: str, path: str | None, screen: Screen) -> int:
    """Say what the index of each CAPTURE holds, whether or not it is stale."""
    from sigflow.index.place import bytes_of, index_of
    from sigflow.recording.indexed import path_of

    for name in captures:
        where = path if path is not None else path_of(name)
        with index_of(where) as index:
            size = bytes_of(where)
            tree = {
                "schema_version": 1,
                "index": where,
                "bytes": size,
                "capture_bytes": index.identity.size,
                "specs": [format.name for format in index.identity.formats],
                "blocks": len(index),
                **index.counts,
            }
            if form == "json":
                screen.line(_json(tree))
                continue
            specs = ", ".join(format.name for format in index.identity.formats)
            rate = f", {size / index.frames:.2f} bytes a frame" if index.frames >= ENOUGH else ""
            screen.prose(f"{where}: of {index.identity.size} bytes, {specs}")
            screen.prose(f"  {counted(index.frames, 'frame')} in {counted(len(index), 'block')}: {size} bytes{rate}")
    return exits.OK


@command.command("drop")
@captures
@click.option("--index", "path", metavar="PATH", help="The index, where it does not lie beside the capture.")
@screened
def drop(captures: tuple[str, ...], path: str | None, screen: Screen) -> int:
    """Remove the index of each CAPTURE."""
    from sigflow.index.place import index_of, remove
    from sigflow.recording.indexed import path_of

    for name in captures:
        where = path if path is not None else path_of(name)
        with index_of(where):  # (nothing is removed that is none)
            pass
        remove(where)
        screen.note(f"{where}: removed")
    return exits.OK


def _one_path(captures: tuple[str, ...], settings: Settings) -> None:
    from sigflow.recording.indexed import AUTO, NEVER, REQUIRE

    if len(captures) > 1 and settings.index not in (AUTO, NEVER, REQUIRE):
        raise UsageError("--index names one file, and there are several captures")


def _json(tree: dict[str, Any]) -> str:
    from sigflow.columns.plain_json import dumps

    return dumps(tree)
