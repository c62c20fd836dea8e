"""`sigflow convert-spec`: a Construct schema as a `.ksy` file, or the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sigflow import catalog
from sigflow.cli import exits
from sigflow.cli.completion import files
from sigflow.cli.options import output_option, screened
from sigflow.cli.output import STANDARD_OUTPUT, written
from sigflow.cli.specs import allow_imports, built, diagnostic_lines, import_paths, show
from sigflow.cli.terminal import Screen, complain, counted, one_line
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from sigflow.generation.carrying import Carried

#: What a Construct module is called.
MODULE_SUFFIX = ".py"


@click.command("convert-spec")
@click.argument("source", shell_complete=files)
@output_option(
    "Where the result goes: a file that is not there yet, NAME.ksy or NAME.py, or - for stdout.", required=True
)
@import_paths
@allow_imports
@screened
def command(
    source: str, output: str, import_paths: tuple[str, ...], allow_imports: tuple[str, ...], screen: Screen
) -> int:
    """Write the `.ksy` that a Construct schema is (FILE.py:OBJECT, whose file is run), or the Construct module that a
    `.ksy` is.

    What cannot be carried over is listed with its line; the exit code is 3 then. The result is tested before it is
    written, on frames that are generated: both must read the same values and build the same bytes. Where they do not,
    nothing is written, and the exit code is 1.
    """
    from sigflow.compiler.construct import python

    if source.endswith(catalog.SPEC_ENDING):
        _named(output, MODULE_SUFFIX, "a Construct module")
        carried = _to_construct(source, import_paths, screen)
    elif (parts := python.split(source)) is not None:
        _named(output, catalog.SPEC_ENDING, "a spec")
        carried = _to_spec(source, allow_imports, screen)
        source = parts[0]
    else:
        raise UsageError(
            f"{source!r} is no Construct object and no spec: name it as FILE.py:OBJECT or NAME{catalog.SPEC_ENDING}"
        )
    return exits.FAILED if carried is None else _finished(carried, source, output, screen)


def _named(output: str, suffix: str, what: str) -> None:
    if output != STANDARD_OUTPUT and not output.endswith(suffix):
        raise UsageError(f"{output!r}: {what} is called NAME{suffix}")


def _to_construct(source: str, import_paths: tuple[str, ...], screen: Screen) -> Carried | None:
    """The Construct module of a spec; None, after its mistakes, where it does not compile."""
    from sigflow.generation.carrying import to_construct

    spec = built(source, import_paths)
    if spec is None:
        return None
    if not spec.ok:
        show(spec.problems, screen)
        return None
    carried = to_construct(spec)
    for place, why in carried.lost:
        screen.told("note", one_line(f"{place}: note: {why}"))
    return carried


def _to_spec(source: str, allow_imports: tuple[str, ...], screen: Screen) -> Carried | None:
    """The spec of a Construct schema; None, after its mistakes, where it does not compile."""
    from sigflow.compiler import build
    from sigflow.compiler.construct import python
    from sigflow.generation.carrying import to_spec

    schema, understood = python.loaded(source, allow_imports)
    first = build(understood.file, tree=understood)
    for problem in first.problems:
        for line in diagnostic_lines(problem, screen):
            screen.told(problem.severity.value, line)
    return to_spec(understood, schema, first) if first.ok else None


def _finished(carried: Carried, source: str, output: str, screen: Screen) -> int:
    """Write the result, unless testing it showed a difference."""
    tested = carried.agreement
    if not carried.text:
        complain(f"{source}: nothing of it can be carried over")
        return exits.FAILED
    if tested.difference:
        complain(f"{source}: the result differs, and is not written: {tested.difference}")
        return exits.FAILED
    if output == STANDARD_OUTPUT:
        screen.write(carried.text)
    else:
        with written(output, (source,)) as file:
            file.write(carried.text)
    if tested.untested:
        screen.note(one_line(f"the result was not tested: {tested.untested}"))
    if carried.lost:
        screen.note(f"{counted(len(carried.lost), 'part')} could not be carried over")
    return exits.OK if carried.whole else exits.DAMAGED
