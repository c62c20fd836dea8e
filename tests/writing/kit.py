"""Read-write classes of a spec, and what is done with their objects in the tests."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import kaitaistruct

from sigflow.compiler import build
from sigflow.runtime import KaitaiStream
from sigflow.runtime.readwrite import WriteStream
from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing.trees import described, instances


def compiled(folder: Path, text: str) -> Any:
    """The top-level read-write class of a spec with `id: x`."""
    path = folder / "x.ksy"
    path.write_text(text, encoding="utf-8")
    result = build(str(path), write=True)
    assert result.ok, "\n".join(map(str, result.problems))
    return result.load().X


def read(kind: Any, raw: bytes, *params: Any) -> Any:
    """An object with its fields and its instances."""
    unit = kind(*params, KaitaiStream(raw))
    unit._read()
    read_what_can_be(unit)
    return unit


def written(unit: Any, size: int | bytes) -> bytes:
    """What an object is written as into a stream of Kaitai's.  size: its bytes before, or how many zeros these are."""
    io = kaitaistruct.KaitaiStream(BytesIO(bytearray(size)))
    unit._write(io)
    raw: bytes = io.to_byte_array()
    return raw


def grown(unit: Any) -> bytes:
    """What an object is written as into a stream that grows."""
    io = WriteStream()
    unit._write(io)
    return io.to_byte_array()


def read_what_can_be(unit: Any) -> None:
    """Read all instances; those that cannot be read, or hold themselves without end, are not to be written."""
    depth, at = 0, unit._parent
    while at is not None:
        depth, at = depth + isinstance(at, type(unit)), at._parent
    for put in instances(unit):
        try:
            value = getattr(unit, put.name) if depth < 3 else None
        except Exception:  # whatever the spec's own mistake is
            value = None
        if value is None and f"_m_{put.name}" not in vars(unit):
            setattr(unit, f"{put.name}__enabled", False)
    for part in parts(unit):
        read_what_can_be(part)


def parts(unit: Any) -> Iterator[Any]:
    """The objects in an object."""
    writing = described(unit)
    assert writing is not None
    names = [put.name for put in writing.puts] + [f"_m_{put.name}" for put in instances(unit)]
    for name in names:
        value = vars(unit).get(name)
        yield from (element for element in (value if isinstance(value, list) else [value]) if is_object(element))


def is_object(value: Any) -> bool:
    return isinstance(value, KaitaiStruct)


def differs(a: Any, b: Any, path: str = "") -> str:
    """Where two objects differ; "" where they do not."""
    if is_object(a):
        if type(a) is not type(b):
            return f"{path}: {type(a).__name__} and {type(b).__name__}"
        for name in (*a._FIELDS, *a._INSTANCES):
            x, y = seen(a, name), seen(b, name)
            if belongs(x, a) and (difference := differs(x, y, f"{path}.{name}")):
                return difference
        return ""
    if isinstance(a, list):
        if not isinstance(b, list) or len(a) != len(b):
            return f"{path}: {a!r} and {b!r}"
        texts = (differs(x, y, f"{path}[{i}]") for i, (x, y) in enumerate(zip(a, b, strict=True)))
        return next((text for text in texts if text), "")
    if isinstance(a, kaitaistruct.KaitaiStream) or a == b or a != a:
        return ""
    return f"{path}: {a!r} and {b!r}"


def belongs(value: Any, unit: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return not is_object(first) or first._parent is unit


def seen(unit: Any, name: str) -> Any:
    if getattr(unit, f"{name}__enabled", True) is False:
        return None
    try:
        return getattr(unit, name, None)
    except Exception as error:  # it is compared with what the other object raises
        return type(error)


def made_anew(unit: Any, parent: Any = None, root: Any = None, known: dict[int, Any] | None = None) -> Any:
    """The same object made from nothing: its constructor without a stream, then all fields set.

    known: the new objects by those that they are made after.
    """
    writing = described(unit)
    assert writing is not None
    known = {} if known is None else known
    space = vars(unit)
    params = [referred(space[name], known) for name in writing.params]
    extra = {"_is_le": space.get("_is_le")} if writing.order == "inherited" else {}
    copy = known[id(unit)] = type(unit)(*params, None, parent, root, **extra)
    for put in writing.puts:
        if put.name in space:
            setattr(copy, put.name, again(space[put.name], copy, known))
    for put in instances(unit):
        if not getattr(unit, f"{put.name}__enabled"):
            setattr(copy, f"{put.name}__enabled", False)
        elif f"_m_{put.name}" in space:
            setattr(copy, put.name, again(space[f"_m_{put.name}"], copy, known))
    return copy


def referred(value: Any, known: dict[int, Any]) -> Any:
    """What takes the place of a value that is told to an object."""
    if isinstance(value, list):
        return [referred(element, known) for element in value]
    return known.get(id(value), value)


def again(value: Any, holder: Any, known: dict[int, Any]) -> Any:
    """What takes the place of a value that an object has."""
    if isinstance(value, list):
        return [again(element, holder, known) for element in value]
    if not is_object(value):
        return value
    root = None if value._root is value or value._root is None else holder._root
    return made_anew(value, referred(value._parent, known), root, known)
