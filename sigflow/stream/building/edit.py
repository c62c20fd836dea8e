"""Changing fields of a frame that was read: what is not changed, and does not follow from it, stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sigflow.diagnostics import nearest
from sigflow.errors import UsageError
from sigflow.runtime.struct import KaitaiStruct
from sigflow.runtime.writing.derive import Recomputed
from sigflow.runtime.writing.description import ClassWriting, Put, writing_of
from sigflow.runtime.writing.node import Path
from sigflow.stream.building.frame import Built, built
from sigflow.stream.building.paths import path_of

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.stream.format import Format

#: A change of bytes: the offset of the first, what stands there, and what comes in its place.
Patch = tuple[int, bytes, bytes]


def replaced(
    format: Format, record: Record, values: Mapping[str, Any], keep: str | Iterable[str] = (), *, telling: bool = True
) -> Built:
    """The frame of a record with other values in the fields at these paths.

    telling: whether it is found out what was computed anew, for which the frame may have to be read again.
    Raises `UsageError` for a path that the record has not, `BuildError` where no frame can be built.
    """
    changed: dict[Path, Any] = {}
    for text, value in values.items():
        path = path_of(text)
        look_up(record.value, path, text)
        changed[path] = value
    raw = _at_once(format, record, changed) if not keep else None
    if raw is not None:
        return Built(raw, _recomputed(format, record, raw) if telling else ())
    return built(format, record, keep=keep, changed=changed)


def _at_once(format: Format, record: Record, changed: Mapping[Path, Any]) -> bytes | None:
    """The frame, where one of this format can be built at once, and nothing is changed that follows from the rest."""
    decode = format.envelope.decode if format.envelope is not None else None
    if decode is None or not decode.builds or any(path[0] in decode.derived for path in changed):
        return None
    value = record.value
    mapping = _fields(value, decode.derived)
    for path, held in changed.items():
        holder: Any = mapping
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = held
    return format.build_at_once(mapping)


def _fields(value: Any, left_out: tuple[str, ...] = ()) -> dict[Any, Any]:
    """The fields of an object, and of the objects in it, by their ids."""
    writing = writing_of(type(value))
    assert writing is not None  # it is of a format whose frames are built
    fields = {}
    for put in writing.puts:
        if put.id not in left_out:
            held = getattr(value, put.name)
            fields[put.id] = _fields(held) if isinstance(held, KaitaiStruct) else held
    return fields


def _recomputed(format: Format, record: Record, raw: bytes) -> tuple[Recomputed, ...]:
    """Which of the fields that follow from the rest are others now."""
    assert format.envelope is not None
    before, after = record.value, format.parse(raw)
    pairs = ((id, getattr(before, id, None), getattr(after, id, None)) for id in format.envelope.decode.derived)
    return tuple(Recomputed(id, old, new) for id, old, new in pairs if old != new)


def look_up(value: Any, path: Path, text: str) -> None:
    """Raises `UsageError` where a path does not lead to a field of an object."""
    at: Any = value
    for number, part in enumerate(path):
        if isinstance(part, int):
            if not isinstance(at, list) or part >= len(at):
                size = f" {len(at)} elements" if isinstance(at, list) else " no elements"
                raise UsageError(f"there is no {text!r}: it has{size}")
            at = at[part]
            continue
        writing: ClassWriting | None = writing_of(type(at)) if isinstance(at, KaitaiStruct) else None
        member = writing.ids.get(part) if writing is not None else None
        if writing is None or member is None:
            known = list(writing.ids) if writing is not None else []
            near = nearest(part, known)
            hint = f"; did you mean {near!r}?" if near else f"; it has {', '.join(known[:12])}" if known else ""
            raise UsageError(f"there is no {text!r}: no field {part!r}{hint}")
        if number + 1 < len(path) or not isinstance(member, Put) or member.pos is not None:
            at = getattr(at, member.name, None)


def patches(start: int, old: bytes, new: bytes) -> list[Patch]:
    """What makes one frame of another, as changes of bytes from the offset `start` on; [] where they are equal.

    Frames of one length differ in ranges; else what lies between what both begin and end with is one change.
    """
    if len(old) != len(new):
        first = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        same = 0
        while same < min(len(old), len(new)) - first and old[-1 - same] == new[-1 - same]:
            same += 1
        return [(start + first, old[first : len(old) - same], new[first : len(new) - same])]
    listed: list[Patch] = []
    at, size = 0, len(old)
    while at < size:
        if old[at] == new[at]:
            at += 1
            continue
        stop = at + 1
        while stop < size and old[stop] != new[stop]:
            stop += 1
        listed.append((start + at, old[at:stop], new[at:stop]))
        at = stop
    return listed
