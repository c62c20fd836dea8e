"""How much of the raw capture is kept (`--retain`), and what is removed of it.

Rules.  Whole segments are removed, the oldest first.  None goes that something may still be read of: what a sink does
not have for good, what a restart decodes anew, the bytes of a gap that is open.  What is read begins behind a frame
from then on, the first in what is left at which the scan can be resumed; offsets stay what they are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from sigflow.errors import UsageError
from sigflow.frozen import frozen
from sigflow.storage.session import layout
from sigflow.storage.session.begin import head_offset

#: By its ending: bytes, seconds.
BYTES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 10**3, "MB": 10**6, "GB": 10**9}
BYTES |= {"TB": 10**12, "B": 1}
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@frozen
class Retain:
    """What is kept: so many bytes of each stream, or what came in the last seconds; one of them is None."""

    bytes: float | None
    seconds: float | None


def retain_of(text: str) -> Retain:
    """`10GiB`, `500MB`, `12h`, `7d`.  Raises `UsageError` for what is none."""
    for units, is_size in ((BYTES, True), (SECONDS, False)):
        for suffix, unit in units.items():
            digits = text.removesuffix(suffix)
            if digits != text and digits.replace(".", "", 1).isdecimal() and digits.isascii():
                amount = float(digits) * unit
                return Retain(amount, None) if is_size else Retain(None, amount)
    raise UsageError(f"{text!r} is neither a size nor an age, such as 10GiB, 500MB, 12h, 7d")


def first_kept(
    stream: str, retain: Retain, beginnings: Mapping[int, Any], floor: int, now: float | None = None
) -> int | None:
    """The segment from which on a stream is kept; None where nothing is removed.

    beginnings: the segments that it may begin with.  floor: the offset up to which nothing is needed any more.
    """
    now = time.time() if now is None else now
    numbers = layout.segments(stream)
    files = {number: _size_and_time(stream, number) for number in numbers}
    left = sum(size for size, _ in files.values())
    first = None
    for number, following in pairwise(numbers):
        size, written = files[number]
        enough = left <= retain.bytes if retain.bytes is not None else now - written <= (retain.seconds or 0)
        begins = head_offset(stream, following)
        if enough or (begins is not None and begins > floor):
            break
        left -= size
        if following in beginnings:
            first = following
    return first


def _size_and_time(stream: str, number: int) -> tuple[int, float]:
    """Bytes of a segment, and when it was last written; of one that a power cut has left without bytes nothing."""
    path = layout.segment(stream, number)
    for file in (path, path + layout.PACKED):
        try:
            status = os.stat(file)
        except FileNotFoundError:
            continue
        return status.st_size, status.st_mtime
    return 0, 0.0
