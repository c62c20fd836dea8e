"""`sigflow merge`: the frames of several captures in one, in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sigflow.cli.captures import together
from sigflow.cli.options import Settings, captures
from sigflow.cli.output import STANDARD_OUTPUT, guarded, identities, read_back, target
from sigflow.cli.rewriting import out_option, rewriting, told
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection

#: Captures that are merged at a time: each has files and memory of its own.
MOST = 64
#: Bytes that are read at once of all captures together, and of one at least.
READ = 8 << 20
LEAST_READ = 1 << 17


@click.command("merge")
@captures
@click.option(
    "--by",
    type=click.Choice(["time", "sequence", "order"]),
    help="What frames are ordered by; order: one capture after the other. Without it: time where a format has one, "
    "else sequence, else order.",
)
@out_option
@rewriting
def command(
    captures: tuple[str, ...], by: str | None, output: str, form: str, selection: Selection, settings: Settings
) -> int:
    """Write the frames of all CAPTUREs to OUT, in order, byte for byte.

    What is out of order inside a capture is counted. Sequences are compared among the frames of one stream. A preamble
    stands once, and must be the same in all. OUT takes its name only once it was read back.
    """
    if len(captures) > MOST:
        raise UsageError(f"{len(captures)} captures, and at most {MOST} are merged at a time: merge them in steps")
    out = target(output, captures[0])
    screen = settings.screen.beside(out)
    if out != STANDARD_OUTPUT:
        guarded(out, captures, settings.read)
    spared = identities(captures)

    def work(recordings: list[Recording]) -> int:
        from sigflow.rewrite.merging import merged
        from sigflow.rewrite.ordering import ORDER, chosen

        picked = [recording.select(selection) for recording in recordings]
        order = chosen(by, picked[0].formats, or_else=ORDER)
        with read_back(out) as path:
            result = merged(picked, path, order, spared=spared)
        result = replace(result, outputs=tuple(replace(written, out=out) for written in result.outputs))
        return told(result, out, form, screen)

    if settings.chunk_size is None:
        settings = replace(settings, chunk_size=max(READ // len(captures), LEAST_READ))
    return together(captures, settings, work)
