"""How much one batch may become: bytes that codecs and processes may give before it is made in two halves."""

from __future__ import annotations

from typing import Any

#: Bytes of values that one batch may hold beyond those of its frames.
LARGEST = 128 << 20
#: What an object counts for, whatever is in it.
OBJECT = 64


class TooMuch(Exception):
    """The batch would become too large."""


class Budget:
    """State: the bytes that are left; None for a batch of one frame, which has to be made whatever it becomes."""

    def __init__(self, left: int | None = LARGEST) -> None:
        self._left = left

    def take(self, size: int) -> None:
        """Use so many bytes; `TooMuch` where they are not left."""
        if self._left is not None:
            self._left -= size
            if self._left < 0:
                raise TooMuch


def weight(value: Any) -> int:
    """About how many bytes a value takes."""
    total = 0
    stack = [value]
    while stack:
        item = stack.pop()
        total += OBJECT
        if isinstance(item, bytes | str):
            total += len(item)
        elif isinstance(item, list):
            stack.extend(item)
        else:
            fields = getattr(item, "_FIELDS", ())
            stack.extend(getattr(item, name, None) for name in fields)
    return total
