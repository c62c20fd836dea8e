"""Compares two parsed objects field by field: ours against what the official compiler's Python makes of the same file.

Every public attribute of the official object counts, instances included, and ours may have no others (but those that
are None, where Kaitai has no attribute at all). Where reading one raises, reading the other must raise the same kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any

#: Members that are no fields: the conventions of Kaitai's runtime, and what sigflow adds.
PLUMBING = {"from_file", "from_bytes", "from_io", "close", "read", "SEQ_FIELDS"}


class Failure:
    """Stands for a value that could not be read."""

    def __init__(self, error: Exception) -> None:
        # Our errors may be of a class derived from Kaitai's; the official ones are what programs catch.
        self.names = [kind.__name__ for kind in type(error).__mro__]

    def __repr__(self) -> str:
        return f"raises {self.names[0]}"


def is_struct(value: Any) -> bool:
    return hasattr(value, "_io") and hasattr(value, "_parent")


def is_stream(value: Any) -> bool:
    return hasattr(value, "is_eof") and hasattr(value, "pos")


def field_names(value: Any) -> set[str]:
    """Attributes that were set, and properties: seq fields, params and instances."""
    names = set(getattr(value, "__dict__", ()))
    for kind in type(value).__mro__:
        names.update(getattr(kind, "__slots__", ()))
        names.update(name for name, member in vars(kind).items() if hasattr(member, "__get__") and not callable(member))
    return {name for name in names if not name.startswith("_")} - PLUMBING


def forget_partial_lists(value: Any) -> None:
    """When an instance fails half-way, Kaitai's Python gives the half it had at the next look; make it read again."""
    while is_struct(value):
        cached = getattr(value, "__dict__", {})
        for name in [name for name, item in cached.items() if name.startswith("_m_") and isinstance(item, list)]:
            del cached[name]
        value = value._parent


def read(value: Any, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except Exception as error:  # whatever it is, it is compared with what the other side raises
        forget_partial_lists(value)
        return Failure(error)


def differences(official: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Each difference as one line that begins with the field's path."""
    if isinstance(official, Failure) or isinstance(ours, Failure):
        same = isinstance(official, Failure) and isinstance(ours, Failure) and official.names[0] in ours.names
        if not same:
            yield f"{path}: {ours!r}, officially {official!r}"
    elif is_struct(official):
        if not is_struct(ours):
            yield f"{path}: {ours!r}, officially a {type(official).__name__}"
            return
        if type(official).__name__ != type(ours).__name__:
            yield f"{path}: a {type(ours).__name__}, officially a {type(official).__name__}"
        for name in sorted(field_names(official) | field_names(ours)):
            yield from differences(read(official, name), read(ours, name), f"{path}.{name}")
    elif isinstance(official, list):
        if not isinstance(ours, list) or len(official) != len(ours):
            yield f"{path}: {ours!r:.100}, officially {len(official)} items"
            return
        for index, (item, other) in enumerate(zip(official, ours, strict=True)):
            yield from differences(item, other, f"{path}[{index}]")
    elif is_stream(official):
        if not is_stream(ours) or official.size() != ours.size():
            yield f"{path}: {ours!r}, officially a stream of {official.size()} bytes"
    elif isinstance(official, IntEnum):
        if not isinstance(ours, IntEnum) or (official.name, int(official)) != (ours.name, int(ours)):
            yield f"{path}: {ours!r}, officially {official!r}"
    elif type(official) is not type(ours) or repr(official) != repr(ours):
        yield f"{path}: {ours!r:.100}, officially {official!r:.100}"


def count_values(value: Any) -> int:
    """How many plain values the tree holds: a comparison of nothing would prove nothing."""
    if is_struct(value):
        return sum(count_values(read(value, name)) for name in field_names(value))
    if isinstance(value, list):
        return sum(map(count_values, value))
    return 0 if value is None or isinstance(value, Failure) else 1
