"""`sigflow report`: a page about captures, to print, to keep, or to send."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sigflow import __version__
from sigflow.cli.captures import expanded, for_each
from sigflow.cli.options import Settings, captures, output_format, output_option, scanning
from sigflow.cli.output import STANDARD_OUTPUT, written
from sigflow.cli.terminal import counted, one_line
from sigflow.cli.verdicts import exit_code

if TYPE_CHECKING:
    from sigflow.recording import Recording
    from sigflow.view.overview import Overview


@click.command("report")
@captures
@output_option("Where the report is written, whole or not at all; - is stdout.", required=True)
@output_format("html", "markdown")
@scanning
def command(captures: tuple[str, ...], output: str, form: str, settings: Settings) -> int:
    """Write a report about each CAPTURE: the verdict, a timeline, what is in it, the first faults, what is reached of
    the specs.

    One file that asks nothing of anywhere, of at most 2 MB; markdown is short, for a pull request. The exit code is
    that of the captures.
    """
    from sigflow.view.markdown import markdown
    from sigflow.view.overview import overview
    from sigflow.view.page import Made, page

    screen = settings.screen.beside(output)
    names = expanded(captures)
    overviews: list[Overview] = []

    def work(recording: Recording) -> int:
        made = overview(recording)
        overviews.append(made)
        return exit_code(made.report)

    code = for_each(names, settings, work)
    read = {made.report.capture for made in overviews}
    unread = [(name, "see what was told") for name in names if name not in read]
    if not overviews:
        return code
    options = " ".join(one_line(argument) for argument in sys.argv[1:])
    made = Made(__version__, options, datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    text = (page if form == "html" else markdown)(overviews, made, unread)
    target = nullcontext(sys.stdout) if output == STANDARD_OUTPUT else written(output, names, settings.read)
    with target as file:
        file.write(text)
    if output != STANDARD_OUTPUT:
        screen.note(f"{output}: {counted(len(overviews), 'capture')}, {counted(len(text.encode()), 'byte')}")
    return code
