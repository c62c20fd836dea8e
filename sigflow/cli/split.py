"""`sigflow split`: one capture to several, in a folder."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import click

from sigflow.cli.captures import at_any_offset, for_each
from sigflow.cli.options import Settings, capture, output_option
from sigflow.cli.output import STANDARD_OUTPUT
from sigflow.cli.rewriting import rewriting, told
from sigflow.errors import UsageError
from sigflow.storage import STANDARD_INPUT
from sigflow.storage.compressed import kind_of
from sigflow.storage.disk import folder_of

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection

#: What a number stands for, by what is behind it.
_SIZES = {"": 1, "k": 1000, "ki": 1 << 10, "m": 10**6, "mi": 1 << 20, "g": 10**9, "gi": 1 << 30}
_SECONDS = {"": 1, "s": 1, "ms": 1e-3, "m": 60, "h": 3600, "d": 86400}
_UNITS: dict[str, tuple[dict[str, Any], float, str]] = {
    "size": (_SIZES, 1, "a size such as 64MiB"),
    "time": (_SECONDS, 1e9, "a duration such as 60s, 5m or 1h"),
    "count": ({"": 1}, 1, "a number of frames"),
}


@click.command("split")
@capture
@click.option(
    "--by",
    required=True,
    type=click.Choice(["stream", "kind", "format", "size", "time", "count"]),
    help="What each file holds: a stream, a kind or a format; or so many bytes, seconds or frames, by --every.",
)
@click.option("--every", metavar="N", help="Of --by size, time and count: how much is in one file (64MiB, 60s, 1000).")
@output_option("The folder for the files, which must not be there, or be empty.", required=True, folder="DIR")
@rewriting
def command(
    capture: str, by: str, every: str | None, output: str, form: str, selection: Selection, settings: Settings
) -> int:
    """Write the frames of CAPTURE to several files in DIR, byte for byte.

    Every file has the preamble of the capture. DIR takes its name only once all files were read back.
    """
    if output == STANDARD_OUTPUT:
        raise UsageError("-o -: several files need a folder")
    amount = measured(by, every)
    screen = settings.screen

    def work(recording: Recording) -> int:
        from sigflow.rewrite.splitting import split

        picked = recording.select(selection)
        base = os.path.basename(capture) if capture != STANDARD_INPUT else "stdin"
        name, suffix = os.path.splitext(base.removesuffix(kind_of(base) or ""))
        with at_any_offset(picked, folder_of(os.path.normpath(output)), screen) as whole:
            result = split(whole, output, by, amount, name=name, suffix=suffix)
        return told(result, output, form, screen)

    return for_each([capture], settings, work)


def measured(by: str, every: str | None) -> int:
    """How much is in one file: bytes, nanoseconds, or frames."""
    if by not in _UNITS:
        if every is not None:
            raise UsageError(f"--every is for --by {', '.join(_UNITS)}")
        return 0
    units, scale, wanted = _UNITS[by]
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)", (every or "").strip(), re.ASCII)
    unit = match[2].lower() if match else ""
    unit = unit.removesuffix("b") if by == "size" else unit
    amount = int(float(match[1]) * units[unit] * scale) if match and unit in units else 0
    if every is None or amount < 1:
        raise UsageError(f"--by {by} needs --every with {wanted}{f', got {every!r}' if every is not None else ''}")
    return amount
