"""A spec carried over to Construct, or a Construct schema to a spec, and the result tested on generated frames.

A module is run to test it, which was written here: nothing of the spec is in its code but checked names and literals.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

from sigflow.catalog import format_of
from sigflow.compiler import Build, build
from sigflow.compiler.construct import Understood, python
from sigflow.compiler.construct.dumped import text_of
from sigflow.diagnostics import Diagnostic, Place, Severity
from sigflow.errors import SpecError, UsageError
from sigflow.generation.agreement import FRAMES, Agreement, agreement, schema_agreement
from sigflow.hinted import Hinted


@dataclass(frozen=True, slots=True)
class Carried:
    """A text, what of its source is not in it, and what testing it gave.

    name: of the object of a Construct module.  text is empty where nothing can be carried over.
    """

    text: str
    name: str
    lost: tuple[tuple[Place, str], ...]
    agreement: Agreement

    @property
    def whole(self) -> bool:
        """Whether all was carried over and tested."""
        return bool(self.text) and not self.lost and not self.agreement.difference and not self.agreement.untested


def to_construct(built: Build, frames: int = FRAMES, seed: int = 0) -> Carried:
    """The Construct module of a spec that compiled."""
    program = built.program
    assert program is not None  # (it compiled)
    written = program.construct()
    if not written.text:
        return Carried("", "", written.lost, Agreement(untested="nothing of it can be carried over"))
    held = _object(written.text, written.name)
    if isinstance(held, Hinted) and (refused := _refused(held, written.name)):
        written = program.construct(refused)
        held = _object(written.text, written.name)
    schema: Any = held.schema if isinstance(held, Hinted) else held
    tested = agreement(format_of(built), schema, written.left_out, frames, seed)
    return Carried(written.text, written.name, written.lost, tested)


def to_spec(
    understood: Understood,
    schema: Any,
    first: Build,
    frames: int = FRAMES,
    seed: int = 0,
    known: list[bytes] | None = None,
) -> Carried:
    """The spec of a Construct schema.  first: what it compiled to.  known: frames to test with,
    instead of generated ones.

    Raises `UsageError` where the text that was made does not compile.
    """
    text = text_of(understood)
    again = build(f"{first.id}.ksy", data=text.encode())
    errors = [problem for problem in again.problems if problem.severity is Severity.ERROR]
    if errors:
        raise UsageError(f"the spec that was made does not compile: {errors[0]}")
    lost = tuple((stay.place, f"{stay.what} stays Construct: {stay.why}") for stay in understood.stays)
    bare = schema.schema if isinstance(schema, Hinted) else schema
    tested = schema_agreement(bare, format_of(first), format_of(again), frames, seed, known)
    return Carried(text, first.id, lost, tested)


def _object(text: str, name: str) -> Any:
    """The object of a module that was written here."""
    module = ModuleType("sigflow_construct")
    exec(compile(text, "<construct>", "exec"), module.__dict__)
    return vars(module)[name]


def _refused(hinted: Hinted, name: str) -> str:
    """Why the hints of a module that was written here cannot be read with it; empty where they can."""
    try:
        tree = python.understood(hinted, name)
        first = build(tree.file, tree=tree)
    except SpecError as error:
        return str(error)
    errors: list[Diagnostic] = [problem for problem in first.problems if problem.severity is Severity.ERROR]
    return f"where they are read with the schema: {errors[0].message}" if errors else ""
