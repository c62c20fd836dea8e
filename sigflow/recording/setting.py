"""What a field is set to: `PATH=VALUE` as it is typed, for the frames of each format.

The field says how a value is read: bytes as hexadecimal digits, a text as it stands (or in quotes), an enum by name, a
list or an object as JSON.  Everything else is an expression of the frame as it was, in the language of specs:
`sequence=sequence + 1`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.diagnostics import nearest
from sigflow.errors import UsageError
from sigflow.frozen import frozen
from sigflow.recording.selection.where import value_of
from sigflow.runtime.writing import Put, PutBytes, PutNumber, PutObject, PutText, writing_of
from sigflow.runtime.writing.reachable import leaves, objects_in
from sigflow.stream.building.paths import path_of

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.runtime.writing import ClassWriting, Computed
    from sigflow.stream.format import Format

#: Gives what a field of a record is set to.
Value = Callable[["Record"], Any]


@frozen
class Setting:
    """One field that is set.  values: what to, by the names of the formats that have it."""

    path: str
    values: Mapping[str, Value]


def setting(text: str, formats: Sequence[Format]) -> Setting:
    """`PATH=VALUE` for these formats.

    Raises `UsageError` where it has not that form, no format has the field, or the value is none of its kind.
    """
    path, equals, value = text.partition("=")
    path = path.strip()
    if not equals or not path:
        raise UsageError(f"{text!r}: expected PATH=VALUE")
    values: dict[str, Value] = {}
    lacking: UsageError | None = None
    for format in formats:
        try:
            put = put_at(format, path)
        except UsageError as error:
            lacking = error
            continue
        values[format.name] = typed(format, put, path, value)
    if not values and lacking is not None:
        raise lacking
    return Setting(path, values)


def put_at(format: Format, path: str) -> Put | Computed:
    """The field that a path leads to in frames of a format.  Raises `UsageError` where there is none."""
    unit = format.value_class
    writings: list[ClassWriting] = [writing] if unit is not None and (writing := writing_of(unit)) is not None else []
    member: Put | Computed | None = None
    for part in path_of(path):
        if isinstance(part, int):
            continue
        member = next((held for writing in writings if (held := writing.ids.get(part)) is not None), None)
        if member is None:
            known = [id for writing in writings for id in writing.ids]
            near = nearest(part, known)
            hint = f"; did you mean {near!r}?" if near else ""
            raise UsageError(f"format {format.name} has no field {path!r}: there is no {part!r}{hint}")
        writings = [writing for wire in objects_in(member) if (writing := writing_of(wire.target)) is not None]
    assert member is not None  # a path has a part
    return member


def typed(format: Format, put: Put | Computed, path: str, text: str) -> Value:
    """What a text means as the value of a field.  Raises `UsageError` where it is none."""
    stripped = text.strip()
    if isinstance(put, Put):
        element = put.repeat is None or path.rstrip().endswith("]")
        wires = list(leaves(put.wire))
        if not element or any(isinstance(wire, PutObject) for wire in wires):
            return _constant(_json(path, text))
        if put.enum is not None and _is_label(put.enum, stripped):
            return _constant(stripped)
        if any(isinstance(wire, PutBytes) for wire in wires):
            digits = stripped.removeprefix("0x").replace(" ", "")
            if len(digits) % 2 == 0 and not digits.strip("0123456789abcdefABCDEF"):
                return _constant(bytes.fromhex(digits))
        elif any(isinstance(wire, PutText) for wire in wires):
            quoted = len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'"
            if not quoted:
                return _constant(text)
        elif any(isinstance(wire, PutNumber) and wire.kind == "f" for wire in wires) and stripped in _FLOATS:
            return _constant(stripped)
    return value_of(text, format, raw=True)


_FLOATS = ("NaN", "Infinity", "-Infinity")


def _constant(value: Any) -> Value:
    return lambda record: value


def _is_label(enum: type[Any], text: str) -> bool:
    ids = getattr(enum, "_IDS", {})
    return any(text in (member.name, ids.get(member.name)) for member in enum)


def _json(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f"{path}: a list or an object is given as JSON: {error}") from error
