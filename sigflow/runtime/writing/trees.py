"""Objects of generated classes as trees: what is in one, what it is in, and what is said of its class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import kaitaistruct

from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing.description import (
    ClassWriting,
    Computed,
    Put,
    PutBytes,
    PutCase,
    PutObject,
    PutText,
    Wire,
    writing_of,
)
from sigflow.runtime.writing.stream import Unknown


def described_class(unit: Any) -> type[Any]:
    """The generated class of an object, which may be of one derived from it."""
    return next((kind for kind in type(unit).__mro__ if writing_of(kind) is not None), type(unit))


def described(unit: Any) -> ClassWriting | None:
    """How an object is written; None where no compiler of ours made its class."""
    return writing_of(described_class(unit)) if isinstance(unit, KaitaiStruct) else None


def instances(unit: Any) -> tuple[Put, ...]:
    """The instances of an object that stand in its bytes."""
    writing = described(unit)
    return tuple(member for member in writing.instances if isinstance(member, Put)) if writing is not None else ()


def enabled(unit: Any, put: Put) -> bool:
    """Whether an instance is to be written."""
    return bool(getattr(unit, f"{put.name}__enabled", True))


def mark(unit: Any, due: bool) -> None:
    """Whether the instances of an object have yet to be written; those that are not enabled have not."""
    for put in instances(unit):
        unit.__dict__[f"_should_write_{put.name}"] = due and enabled(unit, put)


def is_stream(value: Any) -> bool:
    """Whether a value is a stream, or a list with one in it."""
    if isinstance(value, list):
        return any(is_stream(element) for element in value)
    return isinstance(value, Unknown | kaitaistruct.KaitaiStream)


def objects_of(value: Any) -> Iterator[Any]:
    """The objects in a value."""
    for element in value if isinstance(value, list | tuple) else (value,):
        if isinstance(element, kaitaistruct.KaitaiStruct):
            yield element


def held(unit: Any, name: str) -> Any:
    """The value of a field, or of an instance by the name it is kept under; None where there is none."""
    space = unit.__dict__
    if name in space or name.startswith("_m_"):
        return space.get(name)
    return getattr(unit, name, None)  # (a field that is read late)


def has_objects(wire: Wire) -> bool:
    """Whether a value of a wire may be an object."""
    if isinstance(wire, PutCase):
        return any(has_objects(inner) for _, inner in wire.cases)
    return isinstance(wire, PutObject)


def inside(unit: Any) -> Iterator[Any]:
    """The objects that are in an object, those in its instances included."""
    writing = described(unit)
    if writing is None:
        return
    for put in writing.puts:
        if has_objects(put.wire):
            yield from objects_of(held(unit, put.name))
    for put in instances(unit):
        if has_objects(put.wire) and enabled(unit, put):
            yield from objects_of(unit.__dict__.get(f"_m_{put.name}"))


def below(unit: Any) -> Iterator[Any]:
    """An object and all in it."""
    waiting, seen = [unit], set()
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting.extend(inside(part))


def above(unit: Any) -> list[Any]:
    """The parents of an object, and its root."""
    parts, at = [], unit._parent
    while isinstance(at, KaitaiStruct) and at not in parts:
        parts.append(at)
        at = at._parent
    root = unit._root
    return parts if not isinstance(root, KaitaiStruct) or root is unit or root in parts else [*parts, root]


def forget(unit: Any) -> None:
    """Drop what value instances computed: what they are made of may have changed."""
    writing = described(unit)
    for member in writing.instances if writing is not None else ():
        if isinstance(member, Computed):
            unit.__dict__.pop(f"_m_{member.name}", None)


def fits(wire: Wire, value: Any) -> bool:
    """Whether a value may be one of a wire."""
    if isinstance(wire, PutObject):
        return isinstance(value, wire.target)
    if isinstance(wire, PutBytes):
        return isinstance(value, bytes | bytearray | memoryview)
    if isinstance(wire, PutText):
        return isinstance(value, str)
    if isinstance(wire, PutCase):
        return any(fits(inner, value) for _, inner in wire.cases)
    return isinstance(value, int | float)
