"""Exit codes, and the one-line words for what went wrong."""

from __future__ import annotations

from collections.abc import Iterable

OK = 0
FAILED = 1
USAGE = 2
DAMAGED = 3
INTERRUPTED = 130

#: The worst first.
_ORDER = (INTERRUPTED, USAGE, FAILED, DAMAGED, OK)


def worst(codes: Iterable[int]) -> int:
    """The exit code of several captures: that one could not be read weighs more than that one is damaged."""
    have = set(codes)
    return next((code for code in _ORDER if code in have), OK)


def words(error: BaseException) -> str:
    """One line about an error: for the operating system's, which file and what."""
    if isinstance(error, OSError) and error.strerror:
        named = f"{error.filename}: " if error.filename is not None else ""
        return f"{named}{error.strerror[:1].lower()}{error.strerror[1:]}"
    return str(error)
