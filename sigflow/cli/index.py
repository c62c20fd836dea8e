"""`sigflow index build|verify|show|drop`: where the frames of captures are, kept beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sigflow.cli import exits
from sigflow.cli.captures import for_each
from sigflow.cli.help import Group
from sigflow.cli.options import Jobs, Settings, captures, config_option, many, output_format, scanning, screened
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.cli.verdicts import exit_code, verdict_lines
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.recording import Recording


#: Frames from which on it is told how many bytes an index has for each.
ENOUGH = 10_000


@click.group("index", cls=Group)
def command() -> None:
    """Keep where the frames of captures are, so that one of many million is found at once.

    The index of a capture lies beside it, as CAPTURE.sigidx, where CAPTURE is a URL, too, or in the folder that
    sigflow.yaml names (`index: {dir: FOLDER}`). It holds for the capture as it was, and for the formats and limits that
    it was made with: else it is stale, and not used. --since, --until, --where, `inspect --frame` and `inspect
    --offset` use it by themselves (--index).
    """


Command = TypeVar("Command", bound=Callable[..., Any])


def _somewhere(command: Command) -> Command:
    """Where indexes are, of commands that read nothing else."""
    config_option()(command)
    return click.option("--index", "path", metavar="PATH", help="The index, where it is elsewhere.")(command)


def _paths(captures: Sequence[str], path: str | None, config: str | None) -> list[str]:
    """The indexes of captures; path: the only one."""
    from sigflow.config import configured
    from sigflow.recording.indexed import path_of

    if path is not None:
        return [path]
    folder = configured(config).index
    return [path_of(name, folder) for name in captures]


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

        path = recording.index_path
        if recording.index_folder:
            os.makedirs(recording.index_folder, exist_ok=True)
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

        path = recording.index_path
        why = verified(recording, path)
        screen.line(f"{one_line(path)}: {why if why else 'holds'}")
        return exits.DAMAGED if why else exits.OK

    return for_each(captures, settings, work, jobs=jobs)


@command.command("show")
@captures
@output_format("text", "json")
@_somewhere
@screened
def show(captures: tuple[str, ...], form: str, path: str | None, config: str | None, screen: Screen) -> int:
    """Say what the index of each CAPTURE holds, whether or not it is stale."""
    from sigflow.index.place import bytes_of, index_of

    for where in _paths(captures, path, config):
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
@_somewhere
@screened
def drop(captures: tuple[str, ...], path: str | None, config: str | None, screen: Screen) -> int:
    """Remove the index of each CAPTURE."""
    from sigflow.index.place import index_of, remove

    for where in _paths(captures, path, config):
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
