"""Quantities as people write them: time spans."""

from __future__ import annotations

import re
from typing import Any, Self

_SPAN = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?([a-z]*)\Z", re.ASCII)
#: Nanoseconds by the unit; a number alone is seconds.
UNITS = {"": 10**9, "ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
UNITS |= {"d": 86_400 * 10**9}


class Quantity:
    """What a text in the configuration is read as.  (No dataclass: those are maps to msgspec.)"""

    __slots__ = ()

    @classmethod
    def of(cls, text: Any) -> Self:
        """Raises `ValueError` for what is none."""
        raise NotImplementedError

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Its JSON Schema."""
        raise NotImplementedError


class Duration(Quantity):
    """A time span: `10s`, `500ms`, `2m`, `12h`, `30d`; a number alone is seconds."""

    __slots__ = ("ns",)

    def __init__(self, ns: int) -> None:
        self.ns = ns

    def __repr__(self) -> str:
        return f"Duration({self.ns})"

    def __str__(self) -> str:
        return f"{self.ns}ns"

    @classmethod
    def of(cls, text: Any) -> Self:
        """The span that a text is."""
        match = _SPAN.match(text) if isinstance(text, str) else None
        if match is None or match[2] not in UNITS:
            raise ValueError("wanted a time span, such as 10s, 500ms, 2m, 12h")
        whole, _, part = match[1].partition(".")
        unit = UNITS[match[2]]
        span = int(whole) * unit + (int(part) * unit // 10 ** len(part) if part else 0)
        if not span:
            raise ValueError("wanted a time span that is not 0")
        return cls(span)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """A text, or seconds."""
        return {"type": ["string", "number"], "description": str(cls.__doc__)}

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.ns / 1e9
