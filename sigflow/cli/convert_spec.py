"""`sigflow convert-spec`: a Construct schema as a `.ksy` file."""

from __future__ import annotations

import click

from sigflow import catalog
from sigflow.cli import exits
from sigflow.cli.completion import files
from sigflow.cli.options import output_option, screened
from sigflow.cli.output import STANDARD_OUTPUT, written
from sigflow.cli.specs import allow_imports, diagnostic_lines
from sigflow.cli.terminal import Screen, counted
from sigflow.diagnostics import Severity
from sigflow.errors import UsageError


@click.command("convert-spec")
@click.argument("schema", shell_complete=files)
@output_option("Where the spec goes: a file NAME.ksy, which is not there yet, or - for stdout.", required=True)
@allow_imports
@screened
def command(schema: str, output: str, allow_imports: tuple[str, ...], screen: Screen) -> int:
    """Write the `.ksy` that a Construct SCHEMA (FILE.py:OBJECT, whose file is run) becomes.

    What stays Construct, and so is not in it but as bytes, or as what an adapter adapts, is listed with its line; the
    exit code is 3 then. The text is compiled before it is written.
    """
    from sigflow.compiler import build
    from sigflow.compiler.construct import python
    from sigflow.compiler.construct.dumped import text_of

    parts = python.split(schema)
    if parts is None:
        raise UsageError(f"{schema!r} is no Construct object: name it as FILE.py:OBJECT")
    if output != STANDARD_OUTPUT and not output.endswith(catalog.SPEC_ENDING):
        raise UsageError(f"{output!r}: a spec is called NAME{catalog.SPEC_ENDING}")
    understood = python.named(schema, allow_imports)
    first = build(understood.file, tree=understood)
    for problem in first.problems:
        for line in diagnostic_lines(problem, screen):
            screen.told(problem.severity.value, line)
    if not first.ok:
        return exits.FAILED
    text = text_of(understood)
    again = build(f"{first.id}{catalog.SPEC_ENDING}", data=text.encode())
    errors = [problem for problem in again.problems if problem.severity is Severity.ERROR]
    if errors:
        raise UsageError(f"the spec that was made does not compile: {errors[0]}")
    if output == STANDARD_OUTPUT:
        screen.write(text)
    else:
        with written(output, (parts[0],)) as file:
            file.write(text)
    if understood.stays:
        screen.note(f"{counted(len(understood.stays), 'construct')} could not be carried over")
        return exits.DAMAGED
    return exits.OK
