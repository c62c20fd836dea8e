"""`sigflow dedupe`: a capture without the frames that came twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sigflow.cli.options import Settings, capture
from sigflow.cli.rewriting import out_option, rewriting, rewritten, window_option
from sigflow.rewrite.duplicates import WINDOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection
    from sigflow.rewrite.result import Rewritten
    from sigflow.storage.disk import Identity


@click.command("dedupe")
@capture
@out_option
@window_option(WINDOW)
@rewriting
def command(capture: str, output: str, window: int, form: str, selection: Selection, settings: Settings) -> int:
    """Write the frames of CAPTURE to OUT without those that are one of the N frames before, byte for byte.

    OUT takes its name only once it was read back.
    """

    def work(recording: Recording, out: str, spared: Sequence[Identity]) -> Rewritten:
        from sigflow.rewrite.duplicates import deduplicated

        return deduplicated(recording, out, window=window, spared=spared)

    return rewritten(capture, output, form, selection, settings, work, again=True)
