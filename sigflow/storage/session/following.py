"""A stream of a session, followed by its files while somebody else acquires into it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from sigflow.events import Stamp
from sigflow.storage.disk import lock
from sigflow.storage.file import pread
from sigflow.storage.session import entries, layout
from sigflow.storage.session.entries import CHUNK, CUT, CUTS, SIZE, UNKNOWN, crc32
from sigflow.storage.session.packed import open_segment


class Arrived(NamedTuple):
    """What has come to a stream: bytes, or a cut (data is empty then)."""

    data: bytes
    stamp: Stamp
    cut: str = ""
    missing: int | None = None


def acquiring(folder: str) -> bool:
    """Whether somebody acquires into a session now."""
    try:
        descriptor = os.open(os.path.join(folder, layout.LOCK), os.O_RDWR)
    except OSError:
        return False
    try:
        return lock(descriptor) is False
    finally:
        os.close(descriptor)


class Follower:
    """Reads what is appended.  State: the segment, and how far its index was read."""

    def __init__(self, stream: str, *, from_start: bool = False) -> None:
        """stream: the folder.  from_start: from the first byte that is kept, else from the newest on."""
        self._stream = stream
        numbers = layout.segments(stream)
        self._number = (numbers[0] if from_start else numbers[-1]) if numbers else 0
        self._at = SIZE
        if numbers and not from_start:
            size = os.stat(layout.index(stream, self._number)).st_size
            self._at = max(SIZE, size - size % SIZE)

    def more(self) -> Iterator[Arrived]:
        """What has come since the last call."""
        while True:
            yield from self._entries()
            # Nothing is appended to a segment once there is the next.
            following = [number for number in layout.segments(self._stream) if number > self._number]
            if not following:
                return
            yield from self._entries()
            self._number, self._at = following[0], SIZE

    def _entries(self) -> Iterator[Arrived]:
        try:
            with open(layout.index(self._stream, self._number), "rb") as index:
                head = entries.read_head(index.read(SIZE))
                index.seek(self._at)
                data = index.read()
            with os.fdopen(open_segment(self._stream, self._number), "rb") as file:
                for at in range(0, len(data) - SIZE + 1, SIZE):
                    entry = entries.read(data, at)
                    self._at += SIZE
                    if entry is None:
                        continue
                    stamp = entry.stamp("", head.boot if head is not None else "")
                    if entry.kind == CHUNK:
                        piece = pread(file.fileno(), entry.length, entry.place)
                        if crc32(piece) == entry.crc:
                            yield Arrived(piece, stamp)
                    elif entry.kind == CUT and entry.code < len(CUTS):
                        missing = None if entry.value == UNKNOWN else entry.value
                        yield Arrived(b"", stamp, CUTS[entry.code], missing)
        except FileNotFoundError:
            return  # it is not there yet, or was removed
