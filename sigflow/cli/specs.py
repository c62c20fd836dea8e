"""Building the specs of a command, and telling what is wrong with them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

from sigflow.cli import exits
from sigflow.cli.completion import files, folders
from sigflow.cli.terminal import SEVERITY_COLORS, complain, one_line
from sigflow.errors import SigflowError, SpecError

if TYPE_CHECKING:
    from sigflow.cli.terminal import Screen
    from sigflow.compiler import Build
    from sigflow.diagnostics import Diagnostic

specs = click.argument("specs", nargs=-1, required=True, metavar="SPEC...", shell_complete=files)
import_paths = click.option(
    "-I",
    "--import-path",
    "import_paths",
    multiple=True,
    metavar="PATH",
    shell_complete=folders,
    help="A folder with imported specs.",
)
opaque_types = click.option(
    "--opaque-types", is_flag=True, help="Unknown types are classes of your own, in modules of their names."
)
allow_imports = click.option(
    "--allow-import",
    "allow_imports",
    multiple=True,
    metavar="MODULE",
    help="A Python module that custom processes and codecs (MODULE:OBJECT) of the specs, or Construct schemas "
    "(-s MODULE:OBJECT), may come from.",
)


def built(spec: str, import_paths: Sequence[str], **options: Any) -> Build | None:
    """What a spec builds to; None, after a complaint, where it cannot even be read."""
    from sigflow.compiler import build

    try:
        return build(spec, import_paths=list(import_paths), **options)
    except SpecError as error:
        if not error.diagnostics:
            complain(f"{spec}: {error}")
            return None
        raise
    except (SigflowError, OSError) as error:
        complain(exits.words(error))
        return None


def show(problems: Iterable[Diagnostic], screen: Screen) -> None:
    """The findings about a spec, on stderr."""
    for problem in problems:
        for line in diagnostic_lines(problem, screen, sys.stderr):
            screen.told(problem.severity.value, line)


def diagnostic_lines(problem: Diagnostic, screen: Screen, stream: TextIO | None = None) -> list[str]:
    """A finding about a spec: where and what, then the spec's line with a caret."""
    severity = problem.severity.value
    first, *rest = (one_line(line) for line in problem.excerpt().split("\n"))
    styled = screen.styled(severity, SEVERITY_COLORS[severity], stream=stream)
    return [first.replace(f" {severity} ", f" {styled} ", 1), *rest]
