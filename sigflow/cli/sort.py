"""`sigflow sort`: the frames of a capture in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sigflow.cli.options import Settings, capture
from sigflow.cli.rewriting import out_option, rewriting, rewritten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection
    from sigflow.rewrite.result import Rewritten
    from sigflow.storage.disk import Identity


@click.command("sort")
@capture
@click.option(
    "--by",
    type=click.Choice(["time", "sequence"]),
    help="What frames are ordered by. Without it: time where a format has one, else sequence.",
)
@out_option
@rewriting
def command(capture: str, by: str | None, output: str, form: str, selection: Selection, settings: Settings) -> int:
    """Write the frames of CAPTURE to OUT in order, byte for byte.

    By sequence, the frames of a stream are sorted among the places that the stream's frames have. Large captures are
    sorted on the disk, in the folder of OUT. OUT takes its name only once it was read back.
    """

    def work(recording: Recording, out: str, spared: Sequence[Identity]) -> Rewritten:
        from sigflow.rewrite.ordering import chosen
        from sigflow.rewrite.sorting import in_order

        return in_order(recording, out, chosen(by, recording.formats, or_else="time"), spared=spared)

    return rewritten(capture, output, form, selection, settings, work, again=True)
