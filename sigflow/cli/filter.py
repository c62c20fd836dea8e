"""`sigflow filter`: the frames of a capture that are meant, and no others."""

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


@click.command("filter")
@capture
@out_option
@rewriting
def command(capture: str, output: str, form: str, selection: Selection, settings: Settings) -> int:
    """Write the frames of CAPTURE that are meant to OUT, byte for byte.

    What is in no frame is left out and counted; preambles and trailers are kept. OUT takes its name only once it was
    read back.
    """

    def work(recording: Recording, out: str, spared: Sequence[Identity]) -> Rewritten:
        from sigflow.rewrite.filtering import filtered

        return filtered(recording, out, spared=spared)

    return rewritten(capture, output, form, selection, settings, work)
