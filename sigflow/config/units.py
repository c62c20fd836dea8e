"""Quantities as people write them: time spans, and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

_SPAN = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?([a-z]*)\Z", re.ASCII)
#: Nanoseconds by the unit; a number alone is seconds.
UNITS = {"": 10**9, "ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
UNITS |= {"d": 86_400 * 10**9}
#: The longest span, in days: times that are so far from now can still be told and waited for.
LONGEST = 36_500


_SECONDS = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?s\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def maybe_time(text: str) -> tuple[int, bool] | None:
    """The nanoseconds that a text is, since 1970 or since the start of a format, and whether it is a date (of ISO 8601,
    in UTC where it names no zone) and not seconds (`12.5s`); None where it is neither.
    """
    if _SECONDS.match(text):
        return int(Decimal(text[:-1]) * 10**9), False
    try:
        date = datetime.fromisoformat(text)
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date
        since = date - _EPOCH
    except (ValueError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000, True


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
        if span > LONGEST * UNITS["d"]:
            raise ValueError(f"wanted a time span of at most {LONGEST}d")
        return cls(span)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """A text, or seconds."""
        return {"type": ["string", "number"], "description": str(cls.__doc__)}

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.ns / 1e9


class Instant(Quantity):
    """A time: a date of ISO 8601, in UTC where it names no zone, or seconds since the start of the format (`12.5s`)."""

    __slots__ = ("dated", "ns", "text")

    def __init__(self, text: str, ns: int, dated: bool) -> None:
        self.text, self.ns, self.dated = text, ns, dated

    def __repr__(self) -> str:
        return f"Instant({self.text!r})"

    def __str__(self) -> str:
        return f"{self.ns}ns{' since 1970' if self.dated else ''}"

    @classmethod
    def of(cls, text: Any) -> Self:
        """The time that a text is."""
        made = maybe_time(text.strip()) if isinstance(text, str) else None
        if made is None:
            raise ValueError("wanted a time, such as 2026-01-31, 2026-01-31T12:00:00Z, 12.5s")
        return cls(text.strip(), *made)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """A text."""
        return {"type": "string", "description": str(cls.__doc__)}
