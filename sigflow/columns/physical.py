"""Physical values: of the fields that the spec gives a scale, an offset or a unit, and of those that rules of
sigflow.yaml calibrate (`sigflow.calibration`).

The value beside a field `t` is called `t_physical`.  A list has a list; what is no number has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sigflow.calibration.measure import NONE, Applying, Measure, of_spec
from sigflow.columns.tree import Measures, all_classes, is_number, unique
from sigflow.errors import UsageError
from sigflow.runtime.column import Column, Fields, Nested

if TYPE_CHECKING:
    from sigflow.stream.format import Format

_NO_MEASURES: Mapping[str, Measure] = MappingProxyType({})
#: The number of an element in a path.
_ELEMENT = re.compile(r"\[[0-9]+\]")


@dataclass(frozen=True, slots=True)
class Scaled:
    """A physical value: what it is called, and what makes it of the raw one."""

    name: str
    measure: Measure

    def of(self, value: Any, rules: Applying = NONE) -> Any:
        """The physical value of a raw one, where these rules apply; None where there is none."""
        return self.measure.of(value, rules)


def scaled(
    fields: Fields, *, instances: bool, of_rules: Mapping[str, Measure] = _NO_MEASURES, of_spec: bool = True
) -> Mapping[str, Scaled]:
    """The physical values of a class, by the attributes that they are made of.

    instances: of computed fields too.  of_rules: what rules say, by the ids of fields.  of_spec: whether with what the
    spec says of the others.
    """
    columns = [column for column in fields.columns if instances or not column.instance]
    taken = {column.id for column in columns}
    by_attribute = {}
    for column in columns:
        measure = of_rules.get(column.id) or (measure_of(column) if of_spec else None)
        if measure is not None and is_number(column):
            by_attribute[column.name] = Scaled(unique(f"{column.id}_physical", taken), measure)
    return by_attribute


def measure_of(column: Column) -> Measure | None:
    """What the spec says of a field; None where it says nothing."""
    return None if column.physical is None else of_spec(*column.physical)


class Physical:
    """The physical values that are shown of the frames of a format.  State: those of each class, and of each object at
    a path, as they are asked for.
    """

    def __init__(self, format: Format, *, instances: bool = False, of_spec: bool = True) -> None:
        """of_spec: whether those are shown that the spec speaks of, and not only those that are calibrated by rules."""
        self._instances, self._of_spec = instances, of_spec
        self._owners = format.calibrations.by_owner if format.calibrations is not None else {}
        self._classes: Mapping[type[Any], Fields] = {}
        self._known: dict[tuple[type[Any], str], Mapping[str, Scaled]] = {}
        if of_spec or self._owners:
            from sigflow.columns.frame import description

            try:
                self._classes = all_classes(description(format)[0])
            except UsageError:
                pass  # generated before there were descriptions

    def at(self, target: type[Any], path: str) -> Mapping[str, Scaled]:
        """Those of an object of a class at a path ("": the frame), by the attributes that they are made of."""
        owner = _ELEMENT.sub("", path) if self._owners else ""
        if owner not in self._owners:
            owner = ""
            if path and not self._of_spec:
                return {}
            if path:
                owner = "."  # (no path is that)
        key = target, owner
        if key not in self._known:
            fields = self._classes.get(target)
            self._known[key] = (
                {}
                if fields is None
                else scaled(
                    fields,
                    instances=self._instances,
                    of_rules=self._owners.get(owner, _NO_MEASURES),
                    of_spec=self._of_spec,
                )
            )
        return self._known[key]


def measures_of(format: Format) -> Measures:
    """What rules say of the fields of a format, by their paths."""
    return format.calibrations.measures if format.calibrations is not None else _NO_MEASURES


def is_measured(format: Format, path: str) -> bool:
    """Whether the field at a path, by ids, has a physical value."""
    from sigflow.columns.frame import description

    if path in measures_of(format):
        return True
    module, target = description(format)
    classes = all_classes(module)
    column = None
    for id in path.split("."):
        fields = classes.get(target)
        column = next((column for column in fields.columns if column.id == id), None) if fields is not None else None
        if column is None:
            return False
        target = column.kind.target if isinstance(column.kind, Nested) else object
    return column is not None and measure_of(column) is not None
