"""`sigflow coverage`: what of a spec the frames of captures reach, and what not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from sigflow import catalog
from sigflow.cli.captures import for_each, formats_of
from sigflow.cli.completion import files
from sigflow.cli.new import spec_of
from sigflow.cli.options import Jobs, Settings, captures, many, output_format, scanning
from sigflow.cli.output import written
from sigflow.cli.reading import Pass
from sigflow.cli.selecting import selecting
from sigflow.cli.terminal import counted, one_line
from sigflow.cli.verdicts import Summary
from sigflow.columns.plain_json import dumps
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.coverage import Coverage
    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection


@click.command("coverage")
@captures
@output_format("text", "json")
@click.option(
    "--annotate",
    metavar="OUT.ksy",
    shell_complete=files,
    help="Write the spec to a new file, with the counts in a comment at each line.",
)
@selecting
@scanning
@many()
def command(
    captures: tuple[str, ...], form: str, annotate: str | None, selection: Selection, jobs: Jobs, settings: Settings
) -> int:
    """Say which fields, conditions, cases, enum values, bounds and lengths of a spec the frames of all CAPTUREs reach,
    and list those that none reaches, with their places in the spec.

    What is not reached is no fault: the exit code is that of the captures.
    """
    from sigflow.coverage import Coverage

    if not settings.specs:
        raise UsageError("name the formats with -s")
    if annotate is not None and len(settings.specs) > 1:
        raise UsageError("--annotate is for one spec")
    screen = settings.screen
    coverage = Coverage(formats_of(settings))
    summary = Summary()

    def work(recording: Recording) -> int:
        read = Pass(recording.select(selection), screen)
        for record in read:
            coverage.add(record)
        return read.end(summary, alone=len(captures) == 1)

    code = for_each(captures, settings, work, jobs=jobs, kept=coverage)
    texts = {spec: _text(spec) for spec in settings.specs}
    if annotate is not None:
        from sigflow.coverage import annotated

        with written(annotate, captures, settings.read) as out:
            out.write(annotated(texts[settings.specs[0]], coverage.points(0)))
    if form == "json":
        screen.line(dumps(tree(coverage, captures, settings.specs), indent=2))
    else:
        for line in lines(coverage, settings.specs):
            screen.prose(one_line(line))
    return code


def _text(spec: str) -> str:
    """The text of a spec."""
    if spec.endswith(catalog.SPEC_ENDING):
        with open(spec, encoding="utf-8") as file:
            return file.read()
    return spec_of(spec) if spec in catalog.bundled() else ""


def file_of(spec: str, module: str) -> str:
    """The file of a spec, or of one that it imports."""
    if not module:
        return spec if spec.endswith(catalog.SPEC_ENDING) else f"{spec}{catalog.SPEC_ENDING}"
    return os.path.join(os.path.dirname(spec), f"{module}{catalog.SPEC_ENDING}")


def lines(coverage: Coverage, specs: tuple[str, ...]) -> Iterator[str]:
    """What was reached, for people."""
    for number, (format, spec) in enumerate(zip(coverage.formats, specs, strict=True)):
        kinds = coverage.kinds(number)
        reached, total = (sum(counts) for counts in zip(*kinds.values(), strict=True)) if kinds else (0, 0)
        frames = counted(coverage.frames[number], "frame")
        yield f"{format.name}: {frames}, {reached} of {counted(total, 'point')} reached"
        yield "  " + ", ".join(f"{kind} {some} of {all_}" for kind, (some, all_) in kinds.items())
        for point in coverage.missing(number):
            line, column, _ = point.place
            yield f"  {file_of(spec, point.module)}:{line}:{column}: never reached: {point.words()}"


def tree(coverage: Coverage, captures: tuple[str, ...], specs: tuple[str, ...]) -> dict[str, Any]:
    """The JSON form."""
    formats = []
    for number, (format, spec) in enumerate(zip(coverage.formats, specs, strict=True)):
        points = [
            {
                "file": file_of(spec, point.module),
                "line": point.place[0],
                "column": point.place[1],
                "path": point.place[2],
                "type": point.type,
                "field": point.field,
                "kind": point.kind,
                "what": point.what,
                "count": count,
            }
            for point, count in coverage.points(number)
        ]
        kinds = coverage.kinds(number)
        formats.append(
            {
                "format": format.name,
                "spec": spec,
                "frames": coverage.frames[number],
                "reached": sum(some for some, _ in kinds.values()),
                "total": sum(all_ for _, all_ in kinds.values()),
                "kinds": {kind: {"reached": some, "total": all_} for kind, (some, all_) in kinds.items()},
                "points": points,
            }
        )
    return {"schema_version": 1, "captures": list(captures), "formats": formats}
