"""Numbers as bytes: what a wire has room for, and in which byte order it stands."""

from __future__ import annotations

import struct
from typing import Any

from sigflow.runtime.writing.description import PutBits, PutNumber


def bounds(wire: PutNumber | PutBits) -> tuple[int, int]:
    """The smallest and the largest integer that a wire has room for."""
    if isinstance(wire, PutBits):
        return 0, (1 << wire.width) - 1
    bits = 8 * wire.size
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if wire.kind == "s" else (0, (1 << bits) - 1)


def packed(wire: PutNumber, number: Any, unit: Any) -> bytes:
    """A number that fits, as bytes.  unit: the object, whose class may decide the byte order.

    Raises `OverflowError` for a float that is too large.
    """
    order = wire.order if wire.order != "calc" else "le" if getattr(unit, "_is_le", False) else "be"
    if wire.kind == "f":
        return struct.pack(("<" if order == "le" else ">") + ("f" if wire.size == 4 else "d"), number)
    raw: bytes = number.to_bytes(wire.size, "little" if order == "le" else "big", signed=wire.kind == "s")
    return raw
