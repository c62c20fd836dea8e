"""The time of a frame as text: RFC 3339 in UTC, or seconds where the format names no epoch."""

from __future__ import annotations

from datetime import datetime, timedelta

_SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1)


def time_text(nanoseconds: int | None, *, epoch: bool) -> str | None:
    """Nanoseconds since 1970 (epoch) as `2026-01-31T12:00:00.5Z`; since the format's own start as `12.5`.

    None without a time, and where a date lies beyond the years 1 to 9999, which the text cannot say.
    """
    if nanoseconds is None:
        return None
    if not epoch:
        sign, size = "-" if nanoseconds < 0 else "", abs(nanoseconds)
        return f"{sign}{size // _SECOND}{_fraction(size % _SECOND)}"
    seconds, rest = divmod(nanoseconds, _SECOND)
    try:
        date = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return f"{date.isoformat()}{_fraction(rest)}Z"


def _fraction(nanoseconds: int) -> str:
    return f".{nanoseconds:09}".rstrip("0") if nanoseconds else ""
