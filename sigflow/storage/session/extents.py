"""Where the bytes of a stream stand in its raw capture: as few rows as there are segments, and cuts with a hole."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sigflow.errors import SigflowError
from sigflow.storage.file import pread
from sigflow.storage.session import layout
from sigflow.storage.session.packed import open_segment


class Extent(NamedTuple):
    """Bytes beside each other: in which segment, from which offset of the stream, from which place of the file."""

    segment: int
    offset: int
    place: int
    length: int


class Extents:
    """State: the extents of the bytes that may still be asked for, in the order of the stream."""

    def __init__(self) -> None:
        self._extents: list[Extent] = []

    def add(self, extent: Extent) -> None:
        """Bytes more, behind all others."""
        if self._extents:
            last = self._extents[-1]
            end = last.segment, last.offset + last.length, last.place + last.length
            if end == extent[:3]:
                self._extents[-1] = last._replace(length=last.length + extent.length)
                return
        self._extents.append(extent)

    def release(self, offset: int) -> None:
        """What ends at this offset of the stream, or before, is not asked for any more."""
        done = 0
        while done < len(self._extents) and self._extents[done].offset + self._extents[done].length <= offset:
            done += 1
        del self._extents[:done]

    def of(self, start: int, stop: int) -> tuple[Extent, ...]:
        """Where the bytes from `start` to `stop` are."""
        row = max(bisect_right(self._extents, start, key=lambda extent: extent.offset) - 1, 0)
        out = []
        while row < len(self._extents) and self._extents[row].offset < stop:
            segment, offset, place, length = self._extents[row]
            low, high = max(start - offset, 0), min(stop - offset, length)
            if low < high:
                out.append(Extent(segment, offset + low, place + low, high - low))
            row += 1
        return tuple(out)


def read(stream: str, extents: Iterable[Extent], size: int = 1 << 20) -> Iterator[bytes]:
    """The bytes of these extents, in pieces.  stream: the folder.

    Raises `SigflowError` where there are fewer, `OSError` where they cannot be read.
    """
    for extent in extents:
        path = layout.segment(stream, extent.segment)
        descriptor = open_segment(stream, extent.segment)
        try:
            for at in range(0, extent.length, size):
                wanted = min(size, extent.length - at)
                piece = pread(descriptor, wanted, extent.place + at)
                if len(piece) != wanted:
                    raise SigflowError(f"{path}: found {len(piece)} bytes at {extent.place + at}, wanted {wanted}")
                yield piece
        finally:
            os.close(descriptor)
