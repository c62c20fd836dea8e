"""The value of a frame against what Construct reads of its bytes: by the ids of the spec, enums by name and number,
numbers by kind.

An instance is read when it is asked for, and by Construct at once.  So a frame that Construct refuses is no difference
where an instance of it refuses to be read.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any

from sigflow.runtime.measure import WIRE_ERRORS
from sigflow.runtime.struct import KaitaiStruct

#: Levels of objects that are compared: instances may lead round in circles.
DEPTH = 100
#: Letters of a value, and of an error, that a message shows.
SHOWN, TOLD = 60, 200


def compared(value: Any, unit: bytes, schema: Any, left_out: frozenset[tuple[str, str]] = frozenset()) -> str | None:
    """Where the value of a frame and what Construct reads differ, empty where they do not; None where Construct
    refuses the frame and an instance of the value does, too.
    """
    try:
        theirs = schema.parse(unit)
    except Exception as error:  # (any that Construct's classes let through)
        return None if _incomplete(value, DEPTH, set()) else f": Construct refuses it: {told(error)}"
    return _Comparison(left_out).difference(value, theirs, "", DEPTH)


def told(error: Exception) -> str:
    """An error on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:TOLD]}"


def _incomplete(value: Any, depth: int, seen: set[int]) -> bool:
    """Whether some instance of an object, or of one in it, cannot be read."""
    if isinstance(value, list):
        return any(_incomplete(item, depth - 1, seen) for item in value)
    if not isinstance(value, KaitaiStruct) or depth < 0 or id(value) in seen:
        return False
    seen.add(id(value))
    try:
        held = [getattr(value, name) for name in value._INSTANCES]
    except WIRE_ERRORS:
        return True
    held += [getattr(value, name, None) for name in value._FIELDS]
    return any(_incomplete(item, depth - 1, seen) for item in held)


class _Comparison:
    """State: the pairs of objects that were compared."""

    def __init__(self, left_out: frozenset[tuple[str, str]]) -> None:
        self.left_out = left_out
        self.seen: set[tuple[int, int]] = set()

    def difference(self, mine: Any, theirs: Any, path: str, depth: int) -> str:
        """Where two values differ; empty where they do not."""
        if depth < 0:
            return ""
        if isinstance(mine, KaitaiStruct):
            return self.of_objects(mine, theirs, path, depth)
        if isinstance(mine, list):
            if not isinstance(theirs, list) or len(mine) != len(theirs):
                return _unequal(path, mine, theirs)
            parts = (
                self.difference(item, other, f"{path}[{index}]", depth - 1)
                for index, (item, other) in enumerate(zip(mine, theirs, strict=True))
            )
            return next((part for part in parts if part), "")
        return "" if _equal(mine, theirs) else _unequal(path, mine, theirs)

    def of_objects(self, mine: Any, theirs: Any, path: str, depth: int) -> str:
        """Where two objects differ; empty where they do not."""
        if not isinstance(theirs, dict):
            return _unequal(path, mine, theirs)
        if (id(mine), id(theirs)) in self.seen:
            return ""
        self.seen.add((id(mine), id(theirs)))
        known = set()
        for name in (*mine._FIELDS, *mine._INSTANCES):
            key = mine._IDS.get(name, name)
            known.add(key)
            if (type(mine).__qualname__, key) in self.left_out:
                continue
            try:
                held = getattr(mine, name, None)
            except WIRE_ERRORS:  # (an instance that cannot be computed)
                held = None
            part = self.difference(held, theirs.get(key), f"{path}.{key}", depth - 1)
            if part:
                return part
        more = next((key for key in theirs if key not in known and not key.startswith("_")), None)
        return f"{path}.{more}: the spec has no such field" if more is not None else ""


def _equal(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, IntEnum):
        named = isinstance(theirs, str) and str(theirs) in (mine.name, mine.name.rstrip("_"))
        return named and int(theirs) == int(mine)
    if isinstance(mine, float) and isinstance(theirs, float):
        return struct.pack(">d", mine) == struct.pack(">d", theirs) or (mine != mine and theirs != theirs)
    if isinstance(mine, bool) or isinstance(theirs, bool):
        return mine is theirs
    kinds = (int, str, bytes, type(None), float)
    return any(isinstance(mine, kind) and isinstance(theirs, kind) for kind in kinds) and bool(mine == theirs)


def _unequal(path: str, mine: Any, theirs: Any) -> str:
    return f"{path or ': the value'}: {_short(mine)} here, {_short(theirs)} in Construct"


def _short(value: Any) -> str:
    if isinstance(value, KaitaiStruct | dict):
        return "an object"
    shown = repr(value)
    return shown if len(shown) <= SHOWN else f"{shown[: SHOWN - 3]}..."
