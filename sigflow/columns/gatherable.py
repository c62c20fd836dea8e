"""Which fields of a frame can be gathered from its bytes alone, and which may keep a frame from being parsed whole.

A frame that fails to parse has its fields up to the fault, as `parse` shows it.  So a field is gathered only where all
fields before it either cannot fail once the frame was found, or are gathered as well and then tell where they fail:
text that does not decode.  A check (`contents`, `valid`) is no fault of a frame that was found: the scan has made it;
but in a type with a stream of its own it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sigflow.limits import DEFAULT_REPEAT, Limits
from sigflow.runtime.column import (
    Bits,
    Bytes,
    Column,
    Fields,
    Kind,
    Many,
    Named,
    Nested,
    Number,
    Text,
)

Classes = Mapping[type[Any], Fields]

#: Types inside each other that are looked into.
_DEEPEST = 8


class Gatherable:
    """Answers about the classes of one format.  limits: the user's, which may forbid what a spec allows."""

    def __init__(self, classes: Classes, limits: Limits) -> None:
        self._classes = classes
        self._most = limits.repeat if limits.repeat is not None else DEFAULT_REPEAT

    def gathered(self, unit: type[Any]) -> tuple[frozenset[str], frozenset[str]]:
        """The ids of the fields of a frame that can be gathered, and those of them that may show a frame to fail."""
        paths: set[str] = set()
        doubtful: set[str] = set()
        for column in self._fields(unit):
            if self.placed(column):
                paths.add(column.id)
                if not self.sound(column):
                    doubtful.add(column.id)
            elif not self.sound(column):
                break
        return frozenset(paths), frozenset(doubtful)

    def _fields(self, target: type[Any]) -> list[Column]:
        fields = self._classes.get(target)
        return [column for column in fields.columns if not column.instance] if fields is not None else []

    # ------------------------------------------------------------ can it be gathered?

    def placed(self, column: Column, size: int | None = None) -> bool:
        """Whether a field can be gathered.  size: of the object around it, where that has a stream of its own."""
        if column.place is None or column.optional or column.processed:
            return False
        start, stop = column.place
        if size is not None and (column.checked or start < 0 or stop is None or not start <= stop <= size):
            return False
        return self._placed(column.kind, _extent(start, stop), size)

    def _placed(self, kind: Kind, extent: int | None, size: int | None) -> bool:
        if isinstance(kind, Many):
            if not kind.count or extent is None or kind.count > self._most or extent % kind.count:
                return False
            item = extent // kind.count
            return not isinstance(kind.item, Many) and self._placed(kind.item, item, size)
        if isinstance(kind, Nested):
            if kind.target not in self._classes:
                return False
            inner = size
            if kind.apart:
                if extent is None:
                    return False
                inner = extent
            return all(self.placed(column, inner) for column in self._fields(kind.target))
        if isinstance(kind, Named):
            return isinstance(kind.of, Number | Bits)
        return isinstance(kind, Number | Bits | Bytes | Text)

    # ------------------------------------------------------------ can it fail?

    def sound(self, column: Column, level: int = 0) -> bool:
        """Whether a field of a frame that was found cannot fail, wherever it stands."""
        return not column.processed and self._sound(column.kind, level)

    def _sound(self, kind: Kind, level: int) -> bool:
        if isinstance(kind, Number | Bits | Named | Bytes):
            return True
        if isinstance(kind, Text):
            return is_total(kind.encoding)
        if isinstance(kind, Many):
            return kind.count is not None and kind.count <= self._most and self._sound(kind.item, level + 1)
        if isinstance(kind, Nested) and not kind.apart and level < _DEEPEST and kind.target in self._classes:
            return all(self.sound(column, level + 1) for column in self._fields(kind.target))
        return False


def _extent(start: int, stop: int | None) -> int | None:
    """The bytes of a place, where they are a constant."""
    if stop is None:
        return -start if start < 0 else None
    return stop - start if (start < 0) == (stop < 0) else None


@cache
def is_total(encoding: str) -> bool:
    """Whether any bytes are text in an encoding: each byte is a letter."""
    try:
        return len(bytes(range(256)).decode(encoding)) == 256
    except (UnicodeDecodeError, LookupError):
        return False


@cache
def is_wider_ascii(encoding: str) -> bool:
    """Whether bytes below 128 are ASCII in an encoding, in any order."""
    try:
        return bytes(range(128)).decode(encoding) == bytes(range(128)).decode("ascii")
    except (UnicodeDecodeError, LookupError):
        return False
