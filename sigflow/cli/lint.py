"""`sigflow lint`: all mistakes and warnings of specs, with their places, and examples that do not hold."""

from __future__ import annotations

import sys

import click

from sigflow.cli import exits
from sigflow.cli.options import output_format, screened
from sigflow.cli.specs import allow_imports, built, diagnostic_lines, import_paths, opaque_types, specs
from sigflow.cli.terminal import Screen, counted
from sigflow.columns.plain_json import dumps
from sigflow.diagnostics import Diagnostic, Severity
from sigflow.errors import UsageError

#: A spec of this name is standard input.
STDIN = "-"


@click.command("lint")
@specs
@import_paths
@output_format("text", "json", "sarif")
@opaque_types
@allow_imports
@screened
def command(
    specs: tuple[str, ...],
    import_paths: tuple[str, ...],
    form: str,
    opaque_types: bool,
    allow_imports: tuple[str, ...],
    screen: Screen,
) -> int:
    """List every mistake and doubt in each SPEC: file, line, column, code. Exit code 1 if there are errors.

    A SPEC of `-` is read from standard input; what it imports is looked for in the current folder.
    """
    from sigflow.compiler.source import MAX_BYTES
    from sigflow.recording.examples import findings

    if specs.count(STDIN) > 1:
        raise UsageError("standard input is read once, and `-` is named twice")
    read = 0
    problems: dict[Diagnostic, None] = {}  # an imported spec that two import is told once
    for spec in specs:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if spec == STDIN else None
        name = "<stdin>" if spec == STDIN else spec
        build = built(name, import_paths, opaque_types=opaque_types, allow_imports=list(allow_imports), data=data)
        if build is None:
            continue
        read += 1
        problems.update(dict.fromkeys(findings(name, build, data)))
    if form == "json":
        screen.line(dumps([problem_tree(problem) for problem in problems], indent=2))
    elif form == "sarif":
        from sigflow.cli.sarif import sarif

        screen.line(dumps(sarif(problems), indent=2))
    else:
        for problem in problems:
            for line in diagnostic_lines(problem, screen):
                screen.line(line)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if form == "text" and read:
        others = len(problems) - errors
        screen.note(f"{counted(read, 'spec')}: {counted(errors, 'error')}, {counted(others, 'other finding')}")
    return exits.FAILED if errors or read < len(specs) else exits.OK


def problem_tree(problem: Diagnostic) -> dict[str, str | int]:
    """The JSON form of a finding about a spec."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "severity": problem.severity.value,
        "code": problem.code,
        "message": problem.message,
    }
