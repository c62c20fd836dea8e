"""`sigflow build`: a capture of frames that are given as values."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from sigflow.cli import exits
from sigflow.cli.captures import formats_of
from sigflow.cli.options import Settings, output_format, output_option, scanning
from sigflow.cli.output import STANDARD_OUTPUT, guarded, identities, read_back, target
from sigflow.cli.terminal import complain_of_values, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.config import configured
from sigflow.errors import BuildError, UsageError

if TYPE_CHECKING:
    from sigflow.rewrite.building import BuiltFile
    from sigflow.stream.format import Format

#: Files of columns, by their endings.
TABLES = (".arrow", ".parquet", ".feather", ".ipc")


@click.command("build")
@click.argument("frames", metavar="FRAMES")
@click.option(
    "--keep",
    multiple=True,
    metavar="PATH",
    help="Write the value that this field was given although another follows from the rest; all: every field. "
    "So bad frames are made on purpose.",
)
@output_option("Where the capture goes: a file, or - for stdout.", required=True)
@output_format("text", "json")
@scanning
def command(frames: str, keep: tuple[str, ...], output: str, form: str, settings: Settings) -> int:
    """Write a capture of the FRAMES in a file: NDJSON as `parse` prints it, or - for stdin; or a table of Arrow or
    Parquet (.arrow, .parquet).

    What follows from the rest is computed: lengths, counts, tags, checksums; a value of these that no longer fits is
    computed anew. All mistakes of a value are told at once, and nothing is written then. OUT takes its name only once
    it was read back, with these frames in it and nothing else.
    """
    from sigflow import storage
    from sigflow.recording import Recording
    from sigflow.rewrite.building import build_file
    from sigflow.stream.building.paths import path_of

    if not settings.specs:
        raise UsageError("name the format of the frames with -s")
    out = target(output, frames)
    screen = settings.screen.beside(out)
    if out != STANDARD_OUTPUT:
        guarded(out, [frames], settings.read)
    configured(settings.config)
    formats = formats_of(settings)
    recording = Recording(
        storage.open(b""), formats, limits=settings.limits, engine=settings.engine, workers=settings.workers
    )
    for path in keep:
        if path != "all":
            path_of(path)
    try:
        with read_back(out) as path:
            result = build_file(_values(frames, formats), recording, path, keep=keep, spared=identities([frames]))
    except BuildError as error:
        complain_of_values(error)
        return exits.FAILED
    result.out = out
    if form == "json":
        screen.line(dumps(result.tree(), indent=2))
    else:
        for line in _lines(result):
            screen.prose(one_line(line))
    return exits.OK if not result.difference or keep else exits.FAILED


def _values(frames: str, formats: Sequence[Format]) -> Iterator[tuple[str, Any]]:
    from sigflow.rewrite.building import rows_of, values_of

    if frames.endswith(TABLES):
        yield from rows_of(frames, formats)
        return
    if frames == STANDARD_OUTPUT:
        yield from values_of(sys.stdin.buffer, "stdin")
        return
    with open(frames, "rb") as file:
        yield from values_of(file, frames)


def _lines(result: BuiltFile) -> Iterator[str]:
    """What was done, in words."""
    if result.difference and not result.kept:
        yield f"{result.out} is not written: {result.difference}"
        return
    names = ", ".join(f"{count} of {name}" for name, count in result.by_format.items())
    several = f": {names}" if len(result.by_format) > 1 else ""
    yield f"{counted(result.frames, 'frame')}, {result.bytes} bytes, written to {result.out} and read back{several}"
    for path, count in result.recomputed.items():
        yield f"  {path} computed anew in {counted(count, 'frame')}"
    if result.unseen:
        yield (
            f"  a scan does not find {counted(result.unseen, 'frame')} of them: without a checksum frames are "
            "believed by those behind them"
        )
    if result.difference:
        yield f"  kept as asked for, though {result.difference}"
