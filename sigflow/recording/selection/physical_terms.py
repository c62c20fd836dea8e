"""Terms of physical values and of computed quantities: what a calibrated field is in an expression.

A frame in which a field has no physical value, because no rule says what it is, is one in which it is not there: the
raw number never stands in for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sigflow.columns.physical import measure_of, measures_of
from sigflow.columns.tree import is_number
from sigflow.compiler import expression as ex
from sigflow.compiler.model import BOOL, FLOAT, INT, STR, Type, array_of
from sigflow.recording.selection import vectors
from sigflow.recording.selection.terms import Absent, Many, OfFrames, Term
from sigflow.runtime.column import Column
from sigflow.runtime.column import Many as Repeated

if TYPE_CHECKING:
    from sigflow.calibration.measure import Measure
    from sigflow.calibration.rules import Quantity
    from sigflow.columns.gather import Scalar
    from sigflow.events import Record
    from sigflow.stream.format import Format

#: The types of computed quantities.
TYPES = {"int": INT, "float": FLOAT, "bool": BOOL, "str": STR}


def path_of(expr: ex.Expr) -> str:
    """The path of the field that an expression leads to, as rules name it: without numbers of elements and types."""
    names: list[str] = []
    while not isinstance(expr, ex.Name):
        if isinstance(expr, ex.Attribute):
            names.append(expr.id)
        elif not isinstance(expr, ex.Subscript | ex.Cast):
            return ""
        expr = expr.value
    if expr.id != "_root":
        names.append(expr.id)
    return ".".join(reversed(names))


class Physical:
    """What makes the physical values of the fields of a format.  raw: whether all are taken as they are on the wire."""

    def __init__(self, format: Format, *, raw: bool = False) -> None:
        self.raw = raw
        self._measures: Mapping[str, Measure] = measures_of(format)
        self._format = format
        self._calibrations = format.calibrations

    def measure(self, column: Column, path: str) -> Measure | None:
        """What makes that of a field; None where it is taken as it is."""
        if self.raw:
            return None
        measure = self._measures.get(path)
        if measure is None and is_number(column):
            measure = measure_of(column)
        return measure

    def as_raw(self) -> Physical:
        """The same with all fields as they are on the wire."""
        return Physical(self._format, raw=True)

    def quantity(self, name: str) -> Quantity | None:
        """The computed quantity of this name."""
        return self._calibrations.quantity(name) if self._calibrations is not None else None

    @property
    def quantities(self) -> list[str]:
        """The names of the computed quantities."""
        return [entry.name for entry in self._calibrations.quantities] if self._calibrations is not None else []


def physical(term: Term, measure: Measure, column: Column, scalar: Scalar | None) -> Term:
    """The physical value of what a term gives.  scalar: the number that it is, where it stands at a fixed place."""

    def of_record(record: Record) -> Any:
        value = measure.of(term.of_record(record), record.rules if measure.by_rule else ())
        if value is None:
            raise Absent("it has no physical value")
        return value

    return Term(physical_type(column), of_record, None if scalar is None else _many(scalar, measure))


def physical_type(column: Column) -> Type:
    """The type of the physical value of a field."""
    type_, kind = FLOAT, column.kind
    while isinstance(kind, Repeated):
        type_, kind = array_of(type_), kind.item
    return type_


def _many(scalar: Scalar, measure: Measure) -> OfFrames:
    def of_frames(many: Many) -> vectors.Vector:
        ruled = many.rows.ruled
        applied = ruled.applied if ruled is not None and measure.by_rule else None
        values, there = measure.of_array(scalar.numbers(many.rows), applied)
        return vectors.Vector(values, bad=None if there is None else ~there)

    return of_frames


def computed(quantity: Quantity) -> Term:
    """A computed quantity."""

    def of_record(record: Record) -> Any:
        value = quantity.of(record)
        if value is None:
            raise Absent(f"{quantity.name} cannot be computed")
        return value

    def of_frames(many: Many) -> vectors.Vector:
        made = quantity.of_frames(many.rows, many.frames)
        if made is None:
            raise vectors.NotExact(quantity.name)
        values, bad = made
        return vectors.integers(values, bad) if values.dtype.kind == "i" else vectors.Vector(values, bad=bad)

    return Term(TYPES[quantity.kind], of_record, of_frames if quantity.in_arrays else None)
