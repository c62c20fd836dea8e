"""From and to: an offset (`300`, `0x12c`), a frame (`#12`), or a time.

A time is a date of ISO 8601, in UTC where it names no zone, or seconds (`12.5s`) since 1970, or since the format's own
start where it names no epoch.  A frame whose time is not known is neither before nor after one.
"""

from __future__ import annotations

import re

from sigflow.config.units import maybe_time
from sigflow.errors import UsageError
from sigflow.frozen import frozen

OFFSET, INDEX, TIME = "offset", "frame", "time"

_OFFSET = re.compile(r"([0-9]{1,19}|0[xX][0-9a-fA-F]{1,16})\Z", re.ASCII)
_INDEX = re.compile(r"#([0-9]{1,18})\Z", re.ASCII)


@frozen
class Bound:
    """A bound.  kind: what of a frame is compared; value: with what; dated: whether it is a date."""

    kind: str
    value: int
    dated: bool = False


def bound_of(text: str, option: str) -> Bound:
    """The bound that a text is.  Raises `UsageError` where it is none."""
    stripped = text.strip()
    if match := _INDEX.match(stripped):
        return Bound(INDEX, int(match[1]))
    if _OFFSET.match(stripped):
        return Bound(OFFSET, int(stripped, 16 if stripped[:2].lower() == "0x" else 10))
    time = maybe_time(stripped)
    if time is None:
        raise UsageError(
            f"{option} {text!r}: wanted an offset (300, 0x12c), a frame (#12) or a time (2026-01-31T12:00:00, 12.5s)"
        )
    return Bound(TIME, *time)
