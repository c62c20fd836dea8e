"""The bytes that a value is read from, as functions: filled up, cut at a terminator, and where that stands in them."""

from __future__ import annotations

from sigflow.runtime.stream import aligned_find
from sigflow.runtime.writing.description import Extent


def terminator_in(extent: Extent, data: bytes) -> int:
    """Where bytes would end, -1 for nowhere."""
    term = extent.term
    if term is None:
        return -1
    if extent.ended is not None:
        return extent.ended.find_end(data, term, 0, len(data))[0]
    return data.find(term) if extent.anywhere or len(term) == 1 else aligned_find(data, term, 0)


def fill_up(extent: Extent, body: bytes, size: int) -> bytes:
    """Bytes filled up to a size: by the terminator, as far as that fits, and the padding."""
    term = extent.term if extent.term is not None and not extent.include else b""
    whole = body + term if len(body) + len(term) <= size else body
    return whole + bytes((extent.pad or 0,)) * (size - len(whole))


def cut(extent: Extent, data: bytes) -> bytes:
    """What is read of bytes that are filled up."""
    term = extent.term
    if extent.pad is not None and term != bytes((extent.pad,)):
        data = data.rstrip(bytes((extent.pad,)))
    place = terminator_in(extent, data)
    if term is None or place < 0:
        return data
    return data[: place + len(term)] if extent.include else data[:place]
