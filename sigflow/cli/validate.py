"""`sigflow validate`: the verdict on each capture, and a summary of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sigflow.cli.captures import for_each
from sigflow.cli.options import Settings, captures, explain_all_option, hex_option, output_format, scanning
from sigflow.cli.text import place_text, places_in_hex
from sigflow.cli.verdicts import exit_code, summary_line, summary_tree, symptom_lines, verdict_lines

if TYPE_CHECKING:
    from sigflow.recording import Recording, Report


@click.command("validate")
@captures
@explain_all_option
@hex_option
@output_format("text", "json")
@scanning
def command(captures: tuple[str, ...], explain_all: bool, in_hex: bool, form: str, settings: Settings) -> int:
    """Say whether each CAPTURE is sound: every byte in a frame, every frame intact, none missing.

    `-` is standard input. With several captures, each has its verdict and a summary follows; as JSON, each is a line.
    """
    screen = settings.screen
    several = len(captures) > 1
    reports: list[Report] = []

    def work(recording: Recording) -> int:
        report = recording.validate(explain_all=explain_all)
        reports.append(report)
        if form == "json":
            screen.line(_json(report.tree(), indent=None if several else 2))
        else:
            for line in [*verdict_lines(report, screen), *symptom_lines(recording, report, screen)]:
                screen.prose(places_in_hex(line, place_text(in_hex)))
        return exit_code(report)

    code = for_each(captures, settings, work)
    if several:
        failed = len(captures) - len(reports)
        screen.line(_json(summary_tree(reports, failed)) if form == "json" else summary_line(reports, failed))
    return code


def _json(tree: dict[str, Any], indent: int | None = None) -> str:
    from sigflow.columns.plain_json import dumps

    return dumps(tree, indent=indent)
