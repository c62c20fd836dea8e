"""`sigflow edit`: a copy of a capture with other values in fields of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sigflow.cli import exits
from sigflow.cli.captures import at_any_offset, for_each
from sigflow.cli.options import Settings, capture, output_format, output_option, scanning
from sigflow.cli.output import STANDARD_OUTPUT, guarded, identities, read_back, target
from sigflow.cli.selecting import selecting
from sigflow.cli.terminal import complain_of_values, counted, one_line
from sigflow.columns.plain_json import dumps
from sigflow.errors import BuildError
from sigflow.storage.disk import folder_of

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection
    from sigflow.rewrite.editing import EditedFile


@click.command("edit")
@capture
@click.option(
    "--set",
    "settings_",
    multiple=True,
    required=True,
    metavar="PATH=VALUE",
    help="What a field becomes: bytes in hexadecimal digits, a text as it stands, an enum by name, a list or object as "
    "JSON, else an expression of the frame as it was, e.g. 'sequence=sequence + 1'. Repeat it for several fields.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="PATH",
    help="Leave the value of this field although another follows from what is set; all: every field.",
)
@output_option("Where the copy goes: a file, or - for stdout.", required=True)
@output_format("text", "json")
@selecting
@scanning
def command(
    capture: str,
    settings_: tuple[str, ...],
    keep: tuple[str, ...],
    output: str,
    form: str,
    selection: Selection,
    settings: Settings,
) -> int:
    """Write a copy of CAPTURE in which fields of the frames that are meant have other values.

    What follows from the fields is computed anew: lengths, counts, checksums. All other bytes stay as they are, gaps
    included. OUT takes its name only once it was read back.
    """
    out = target(output, capture)
    screen = settings.screen.beside(out)
    if out != STANDARD_OUTPUT:
        guarded(out, [capture], settings.read)
    spared = identities([capture])

    def work(recording: Recording) -> int:
        from sigflow.recording.setting import setting
        from sigflow.rewrite.editing import edit_file

        listed = [setting(text, recording.formats) for text in settings_]
        with read_back(out) as path, at_any_offset(recording, folder_of(path), screen) as whole:
            try:
                result = edit_file(whole.select(selection), path, listed, keep=keep, spared=spared)
            except BuildError as error:
                complain_of_values(error)
                return exits.FAILED
        result = replace(result, out=out)
        if form == "json":
            screen.line(dumps(result.tree(), indent=2))
        else:
            for line in _lines(result):
                screen.prose(one_line(line))
        if result.difference and not result.kept:
            return exits.FAILED
        return exits.OK if result.sound else exits.DAMAGED

    return for_each([capture], settings, work)


def _lines(result: EditedFile) -> Iterator[str]:
    """What was done, in words."""
    edited = result.edited
    if result.difference and not result.kept:
        yield f"{result.capture}: {result.out} is not written: {result.difference}"
        return
    yield (
        f"{result.capture}: {edited.changed} of {counted(edited.frames, 'frame')} changed, {edited.bytes} bytes, "
        f"written to {result.out} and read back"
    )
    if edited.lacking:
        yield f"  {counted(edited.lacking, 'frame')} without what is set, left as they are"
    if edited.uncomputed:
        yield f"  {counted(edited.uncomputed, 'frame')} for which an expression gives nothing, left as they are"
    for path, count in edited.recomputed.items():
        yield f"  {path} computed anew in {counted(count, 'frame')}"
    if result.difference:
        yield f"  values kept as asked for: {result.difference}"
    if not result.sound:
        yield "  the capture is damaged; its gaps are as they were"
