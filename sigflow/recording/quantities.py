"""Computed quantities: made of a bound expression; and what one asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigflow.calibration.rules import Quantity
from sigflow.compiler import expression as ex
from sigflow.compiler.parser import ExpressionError
from sigflow.recording.selection.terms import Many, Term
from sigflow.recording.selection.vectors import NotExact
from sigflow.recording.selection.where import parsed
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    from sigflow.config.sections import ComputedQuantity
    from sigflow.events import Record
    from sigflow.stream.format import Format

#: What 64 bits hold: a computed integer beyond is null.
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def quantity_of(entry: ComputedQuantity, term: Term) -> Quantity:
    """A quantity of a term."""
    kind, of_record, of_many = term.type.kind, term.of_record, term.of_frames

    def of(record: Record) -> Any:
        try:
            return _as(kind, of_record(record))
        except WIRE_ERRORS:
            return None

    def of_frames(rows: Any, frames: Any) -> Any:
        import numpy as np

        assert of_many is not None
        try:
            made = of_many(Many(frames, rows))
        except NotExact:
            return None
        if made.kind == "O":
            return None
        count = len(frames)
        values = np.broadcast_to(made.values, (count,))
        if kind == "float":
            values = values.astype(np.float64)
        return values, None if made.bad is None else np.broadcast_to(made.bad, (count,))

    return Quantity(entry.name, entry.unit, entry.value, kind, of, of_frames, of_many is not None)


def _as(kind: str, value: Any) -> Any:
    """A value as a quantity of this kind; None where it is none."""
    if kind == "float":
        return float(value) if isinstance(value, int | float) else None
    if kind == "int":
        whole = isinstance(value, int) and _LEAST <= value <= _MOST
        return int(value) if whole else None
    return value if isinstance(value, bool if kind == "bool" else str) else None


def circle_of(name: str, by_name: Mapping[str, ComputedQuantity]) -> list[str]:
    """The quantities by which one asks for itself; none where it does not."""
    waiting = [[name]]
    seen = set()
    while waiting:
        way = waiting.pop(0)
        for asked in asked_by(by_name[way[-1]].value):
            if asked == name:
                return way
            if asked in by_name and asked not in seen:
                seen.add(asked)
                waiting.append([*way, asked])
    return []


def asked_by(text: str) -> list[str]:
    """The names in an expression."""
    try:
        return [part.id for part in ex.walk(parsed(text)) if isinstance(part, ex.Name)]
    except ExpressionError:
        return []


def names_of(format: Format) -> set[str]:
    """The names of the columns that a format has, and of what else a path may begin with."""
    from sigflow.columns.options import Options
    from sigflow.columns.reach import Paths
    from sigflow.recording.frames import View

    return {*View(format, Options(instances=True, physical=True)).names, *Paths(format).below("")}
