"""What the fields of a frame say, beside their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.columns.physical import Physical
from sigflow.columns.render import MARKED, enum_fields, render, unnamed
from sigflow.columns.values import instance
from sigflow.events import Record
from sigflow.recording.fields import at_path

if TYPE_CHECKING:
    from sigflow.stream.format import Format


@dataclass(frozen=True, slots=True)
class FieldValue:
    """What a field says, beside its bytes: the plain tree of its value, and its physical value with the unit."""

    value: Any
    physical: Any = None
    unit: str = ""


#: Parts of a value that are shown beside the bytes of a field.
PARTS = 64


class Values:
    """What the fields of a frame say, by their paths; also of a frame that could be parsed only in part.

    State: the value, and the physical values of the classes that were met.
    """

    def __init__(self, format: Format, raw: bytes) -> None:
        record = Record(format, 0, raw, 0)
        self._value = format.value_of(record)  # what could be parsed of it
        self._physical = Physical(format)
        self._rules = record.rules

    def of(self, path: str) -> FieldValue | None:
        """What the field at this path says; None where it is bytes, which stand beside it, or larger than a line."""
        parent, _, last = path.rpartition(".")
        owner = at_path(self._value, parent) if parent else self._value
        if owner is None:
            return None
        shown, bracket, rest = last.partition("[")
        names = {shown: attribute for attribute, shown in getattr(owner, "_IDS", {}).items()}
        name = names.get(shown, shown)
        value = instance(owner, name, None) if name in getattr(owner, "_FIELDS", ()) else None
        value = at_path(value, bracket + rest) if bracket else value
        if value is None or isinstance(value, bytes | bytearray | memoryview | list):
            return None
        if name in enum_fields(owner.__class__):
            value = unnamed(value)
        at = self._physical.at
        beneath = lambda target, rest: at(target, f"{path}.{rest}" if rest else path)  # noqa: E731
        tree = render(value, nodes=PARTS, scalars=MARKED, physical=beneath, rules=self._rules).tree
        scaled = at(owner.__class__, parent).get(name)
        if scaled is None:
            return FieldValue(tree)
        return FieldValue(tree, scaled.of(value, self._rules), scaled.measure.unit)
