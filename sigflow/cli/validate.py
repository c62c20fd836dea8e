"""`sigflow validate`: the verdict on each capture, and a summary of several."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from sigflow.cli.captures import expanded, for_each
from sigflow.cli.completion import validator_names
from sigflow.cli.options import Jobs, Settings, captures, explain_all_option, hex_option, many, output_format, scanning
from sigflow.cli.selecting import selecting
from sigflow.cli.terminal import counted
from sigflow.cli.text import place_text, places_in_hex
from sigflow.cli.verdicts import Summary, check_lines, exit_code, symptom_lines, verdict_lines
from sigflow.config import configured
from sigflow.errors import UsageError
from sigflow.recording.diagnosis.budget import Budget

if TYPE_CHECKING:
    from sigflow.recording import Recording, Report
    from sigflow.recording.selection.asked import Selection
    from sigflow.recording.validators import Validator


@click.command("validate")
@captures
@explain_all_option
@click.option(
    "--check",
    "checks",
    metavar="NAME",
    multiple=True,
    shell_complete=validator_names,
    help="Ask a validator, too: one of `sigflow plugins`, or FILE.py:NAME, whose file is run; repeat it for several. "
    "It is given the frames that are selected.",
)
@click.option("--build-index", is_flag=True, help="Write the index of each capture on the way, as CAPTURE.sigidx.")
@hex_option
@output_format("text", "json")
@selecting
@scanning
@many(resumed=True)
def command(
    captures: tuple[str, ...],
    checks: tuple[str, ...],
    explain_all: bool,
    build_index: bool,
    in_hex: bool,
    form: str,
    selection: Selection,
    jobs: Jobs,
    settings: Settings,
) -> int:
    """Say whether each CAPTURE is sound: every byte in a frame, every frame intact, none missing.

    `-` is standard input. With several captures, each has its verdict and a summary follows; as JSON, each is a line.
    The verdict is on all of a capture; of the frames that are selected it is told how many there are. Validators, those
    of --check and of `checks` in sigflow.yaml, have their findings beside the verdict: an error among them makes the
    exit code 3, a validator that fails makes it 1.
    """
    screen = settings.screen
    names = expanded(captures)
    several = len(names) > 1
    files = tuple(name.rpartition(":")[0] for name in checks if ":" in name)
    settings = replace(settings, others=(*settings.others, *files))
    validators = asked_for(checks, settings)
    if build_index and not selection.everything:
        raise UsageError("--build-index is of all frames: it excludes what selects some")
    if build_index and jobs.resume is not None:
        raise UsageError("--resume keeps what is said of captures, not the files that --build-index writes")
    summary = Summary()

    def work(recording: Recording) -> int:
        selected: dict[str, int] = {}
        if build_index:
            from sigflow.recording.indexing import build_index as built

            path = recording.index_path
            if recording.index_folder:
                os.makedirs(recording.index_folder, exist_ok=True)
            report = built(recording, path, explain_all=explain_all)
            if validators:
                from sigflow.recording.validators import checked

                report = replace(report, checks=checked(recording, validators, Budget())[0].checks)
            screen.note(f"{path}: written")
        else:
            report, selected = _judged(recording.select(selection), explain_all, validators)
        summary.add(report)
        if form == "json":
            screen.line(_json(report.tree() | ({"selected": selected} if selected else {}), None if several else 2))
        else:
            said = [*verdict_lines(report, screen), *symptom_lines(recording, report, screen)]
            if selected:
                said.insert(2, f"  selected: {counted(selected['frames'], 'frame')}, {selected['bytes']} bytes")
            said += check_lines(report, screen)
            for line in said:
                screen.prose(places_in_hex(line, place_text(in_hex)))
        return exit_code(report)

    code = for_each(names, settings, work, jobs=jobs, kept=summary)
    if several:
        screen.line(_json(summary.tree(len(names))) if form == "json" else summary.line(len(names)))
    return code


def asked_for(names: Sequence[str], settings: Settings) -> list[Validator]:
    """The validators of the configuration, then those that were named."""
    config = configured(settings.config)
    if not names and not config.checks:
        return []
    from sigflow.recording.validators import get

    validators = []
    for name in config.checks:
        try:
            if ":" in name.text:
                raise UsageError(f"{name.text!r} would run a file: name it with --check")
            validators.append(get(name.text))
        except UsageError as error:
            raise UsageError(f"{name.place}: {error}") from error
    validators += [get(name) for name in names]
    return list({validator.name: validator for validator in validators}.values())


def _judged(recording: Recording, explain_all: bool, validators: Sequence[Validator]) -> tuple[Report, dict[str, int]]:
    """The verdict on a recording, and how many of its frames are selected, where not all are."""
    if validators:
        from sigflow.recording.validators import checked

        report, selected = checked(recording, validators, Budget.endless() if explain_all else Budget())
        return report, {} if recording.wanted.everything else selected
    if recording.wanted.everything:
        return recording.validate(explain_all=explain_all), {}
    run = recording.run(keep=True)
    picker = recording.picker(run.formats)
    verdict = run.verdict(budget=Budget.endless() if explain_all else Budget())
    frames = size = 0
    for batch in verdict.views():
        picked = picker.of(batch)
        frames += len(picked)
        size += int((picked.stops - picked.starts).sum())
    return verdict.report(recording.name), {"frames": frames, "bytes": size}


def _json(tree: dict[str, Any], indent: int | None = None) -> str:
    from sigflow.columns.plain_json import dumps

    return dumps(tree, indent=indent)
