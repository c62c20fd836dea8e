"""The native measure: how long a frame is, told by a single function over integers, which LLVM compiles.

`_native_measure` says of any bytes what `_steps` says of them once no more arrive (see `measure`), as a number: the
length of the frame, 0 while bytes are lacking, less where there is none (`Measure.native_reasons`), and -1000, a
bailout, where int64 arithmetic does not reach: then the Python measure decides.  Types without a size are read in
place, bytes are never copied, and a list is a loop.  A spec with something that cannot be said in this way has no
native measure; `Missing` says what, and where.

    tree, statements                   expressions and statements, and their text
    builder                            where statements are written, and what is known at each place
    values                             numbers, bytes, objects while the function is written
    arithmetic, branches, byte_ranges  operations on them
    tables                             lists of constants
    evaluate                           expressions
    streams, frame, substream          what is read from
    members, checks, reading           objects and their fields
    carried, lists                     loops
    preamble                           what a preamble says
    layouts, elements, epilogue        `box`
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sigflow import runtime
from sigflow.compiler.emit.native.builder import Builder, Inexpressible, Unreachable
from sigflow.compiler.emit.native.epilogue import Epilogue
from sigflow.compiler.emit.native.evaluate import Context
from sigflow.compiler.emit.native.frame import ClosedFrame, Frame
from sigflow.compiler.emit.native.preamble import Preamble
from sigflow.compiler.emit.native.reading import Reader
from sigflow.compiler.emit.native.statements import Assign, eliminate_dead_code, exprs, lines_of
from sigflow.compiler.emit.native.tree import Call, nodes
from sigflow.compiler.emit.native.values import SymbolicObject
from sigflow.compiler.emit.shared import Module
from sigflow.compiler.measure import MeasurePlan
from sigflow.compiler.measure.scope import Scope
from sigflow.diagnostics import Place

#: Fields within so many leading bytes are not held against the frame limit one by one.
_USUAL = 64


@dataclass(frozen=True, slots=True)
class NativeMeasure:
    """The function's statements, and what the envelope says of it.  parameters: the paths of what it reads of the
    preamble, as Python attributes of its object.
    """

    lines: tuple[str, ...]
    reasons: tuple[str, ...]
    least: int
    counts: bool
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no such function: which construct, and where it stands."""

    text: str
    place: Place


def write_native_measure(module: Module, measure: MeasurePlan) -> NativeMeasure | Missing:
    """The native measure, or why there is none."""
    hints = measure.hints
    builder = Builder(module.alias)
    builder.place = hints.unit.place
    try:
        return _written(builder, module, measure)
    except Inexpressible as error:
        return Missing(str(error), builder.place)
    except Unreachable:
        return Missing("no bytes are a frame", hints.unit.place)
    except RecursionError:
        return Missing("what lies too deep in other types or expressions", hints.unit.place)


def _written(builder: Builder, module: Module, measure: MeasurePlan) -> NativeMeasure:
    hints, scope, layout = measure.hints, measure.scope, measure.static
    sync = hints.sync if hints.aborted_by_sync and hints.framing is None else ()
    kind = ClosedFrame if hints.closed else Frame
    frame = kind(builder, sync, any(_peeks(scope)), min(hints.max_frame, _USUAL))
    builder.flush = frame.flush
    reader = Reader(builder, module, measure, frame)
    for checksum in hints.checksums:
        for path in checksum.paths:
            reader.marked.update(path[-1:])
    unit = SymbolicObject(scope.plan.classes[hints.unit], "", None, None, frame)
    around, preamble = hints.around, Preamble(scope, builder)
    unit.root = unit
    if around is not None:
        unit.root = unit.parent = preamble.root(scope.plan.classes[around.root], frame)
    for param, argument in zip(unit.plan.params, hints.arguments, strict=True):
        unit.members[param.param] = reader.ev.value(argument.expr, Context(None))
    reader.read(unit)
    static = frozenset(checksum for checksum in hints.checksums if layout is not None and layout.holds(checksum))
    epilogue = Epilogue(reader, unit, static)
    epilogue.write()
    statements = eliminate_dead_code([Assign("last", frame.last), *builder.root])
    functions = {node.function for expr in exprs(statements) for node in nodes(expr) if isinstance(node, Call)}
    for name in sorted(functions & set(runtime.__all__)):
        module.need(name)
    least = 0 if hints.closed else frame.least
    reasons = tuple(builder.reasons)
    return NativeMeasure(tuple(lines_of(statements)), reasons, least, epilogue.counts, tuple(preamble.read))


def _peeks(scope: Scope) -> Iterator[bool]:
    """Of each field that may be looked at: whether it leaves its terminator."""
    for plan in scope.classes:
        for step in plan.steps:
            yield not step.attr.consume


__all__ = ["Missing", "NativeMeasure", "write_native_measure"]
