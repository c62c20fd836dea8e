"""What the descriptions of classes lead to: the classes of the objects in an object, what a field may be, and the
extents of values.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from sigflow.runtime.writing.derive import FAILURES
from sigflow.runtime.writing.description import (
    ClassWriting,
    Computed,
    Extent,
    Formula,
    Put,
    PutBytes,
    PutCase,
    PutObject,
    PutText,
    writing_of,
)


def classes(top: type[Any]) -> list[ClassWriting]:
    """The descriptions of a class and of all that its objects are made of."""
    listed: dict[type[Any], ClassWriting] = {}
    waiting = [top]
    while waiting:
        target = waiting.pop()
        writing = writing_of(target) if target not in listed else None
        if writing is not None:
            listed[target] = writing
            waiting.extend(wire.target for member in (*writing.puts, *writing.instances) for wire in objects_in(member))
    return list(listed.values())


def objects_in(member: Put | Computed) -> Iterator[PutObject]:
    """The objects that a field may be."""
    for wire in leaves(member.wire) if isinstance(member, Put) else ():
        if isinstance(wire, PutObject):
            yield wire


def leaves(wire: Any) -> Iterator[Any]:
    """What a wire may be, in its cases."""
    if isinstance(wire, PutCase):
        for _, inner in wire.cases:
            yield from leaves(inner)
    else:
        yield wire


def extent_of(wire: Any) -> Extent | None:
    """The bytes that a wire stands in."""
    return wire.extent if isinstance(wire, PutBytes | PutText | PutObject) else None


def sizes_of(put: Put) -> Iterator[Formula]:
    """The expressions of a field's sizes and count."""
    if put.repeat is not None and put.repeat.kind == "expr" and put.repeat.code is not None:
        yield put.repeat.code
    for wire in leaves(put.wire):
        extent = extent_of(wire)
        if extent is not None and isinstance(extent.size, Formula):
            yield extent.size


def constant(formula: Formula) -> Any:
    """What an expression gives that speaks of nothing; None where it does."""
    try:
        value = formula.value(None, None, None)
    except FAILURES:
        return None
    return value.value if isinstance(value, Enum) else value
