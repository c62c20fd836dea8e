"""Physical values: raw * scale + offset, of the fields of which the spec says a scale, an offset or a unit.

The value beside a field `t` is called `t_physical`.  A list has a list; what is no number has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.columns.tree import all_classes, unique
from sigflow.errors import UsageError
from sigflow.runtime.column import Bits, Column, Computed, Fields, Kind, Many, Number

if TYPE_CHECKING:
    from sigflow.stream.format import Format


@dataclass(frozen=True, slots=True)
class Scaled:
    """A physical value: what it is called, and what makes it of the raw one."""

    name: str
    scale: float
    offset: float
    unit: str

    def of(self, value: Any) -> Any:
        """The physical value of a raw one; None of what is no number."""
        return physical(value, self.scale, self.offset)


def physical(value: Any, scale: float, offset: float) -> Any:
    """raw * scale + offset, in each element of a list; None where there is no number, or none that a float can hold."""
    if isinstance(value, list):
        return [physical(item, scale, offset) for item in value]
    if not isinstance(value, int | float):
        return None
    try:
        return value * scale + offset
    except OverflowError:
        return None


def scaled(fields: Fields, *, instances: bool) -> Mapping[str, Scaled]:
    """The physical values of a class, by the attributes that they are made of.  instances: of computed fields too."""
    columns = [column for column in fields.columns if instances or not column.instance]
    taken = {column.id for column in columns}
    return {
        column.name: Scaled(unique(f"{column.id}_physical", taken), *column.physical)
        for column in columns
        if column.physical is not None and is_number(column)
    }


def physical_of(format: Format, *, instances: bool = False) -> Mapping[type, Mapping[str, Scaled]]:
    """The physical values of every class that a frame of a format may hold; none where it does not say."""
    from sigflow.columns.frame import description

    try:
        classes = all_classes(description(format)[0])
    except UsageError:
        return {}  # generated before there were descriptions
    by_class = {target: scaled(fields, instances=instances) for target, fields in classes.items()}
    return {target: mine for target, mine in by_class.items() if mine}


def is_number(column: Column) -> bool:
    """Whether a field is a number, or a list of numbers."""
    kind: Kind = column.kind
    while isinstance(kind, Many):
        kind = kind.item
    return isinstance(kind, Number | Bits | Computed)
