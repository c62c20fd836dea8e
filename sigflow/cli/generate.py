"""`sigflow generate`: a valid capture of chosen and random values."""

from __future__ import annotations

import click

from sigflow.cli import exits
from sigflow.cli.captures import formats_of
from sigflow.cli.completion import format_names
from sigflow.cli.options import (
    Compiling,
    Settings,
    compiling,
    max_frame_option,
    output_format,
    output_option,
    screened,
)
from sigflow.cli.output import STANDARD_OUTPUT, guarded, read_back, target
from sigflow.cli.terminal import Screen, counted, one_line
from sigflow.columns.plain_json import dumps

#: Frames of one call, at most.
MOST = 1_000_000_000


@click.command("generate")
@click.option(
    "--spec",
    "-s",
    "spec",
    required=True,
    metavar="FORMAT",
    shell_complete=format_names,
    help="A format's name or a .ksy file.",
)
@click.option(
    "--frames", type=click.IntRange(0, MOST), default=1000, show_default=True, metavar="N", help="How many frames."
)
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="The same seed gives the same capture."
)
@output_option("Where the capture goes: a file, or - for stdout.", required=True)
@max_frame_option
@output_format("text", "json")
@compiling
@screened
def command(
    spec: str,
    frames: int,
    seed: int,
    output: str,
    max_frame: int | None,
    form: str,
    compiling: Compiling,
    screen: Screen,
) -> int:
    """Write a valid capture of FORMAT to OUT: values at the bounds of all numbers, each case and each enum value first,
    then random ones.

    Sequences count and times pass. No frame is larger than 64 KiB, or than --max-frame says. OUT takes its name only
    once it was read back: every frame is found, and nothing is wrong with any.
    """
    from dataclasses import replace

    from sigflow.rewrite.generating import generated

    out = target(output, spec)
    screen = screen.beside(out)
    settings = Settings(screen, (spec,), max_frame=max_frame, compiling=compiling)
    if out != STANDARD_OUTPUT:
        guarded(out, [], settings.read)
    (format,) = formats_of(settings)
    with read_back(out) as path:
        result = replace(generated(format, frames, seed, path), out=out)
    if form == "json":
        screen.line(dumps(result.tree(), indent=2))
    elif result.difference:
        screen.prose(one_line(f"{out} is not written: {result.difference}"))
    else:
        what = f"{counted(frames, 'frame')} of {result.spec}, {result.bytes} bytes, seed {seed}"
        screen.prose(one_line(f"{out}: {what}, written and read back"))
    return exits.FAILED if result.difference else exits.OK
