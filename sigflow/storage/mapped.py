"""A regular file mapped into memory: opt-in, because a mapped file that shrinks kills the process."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator

from sigflow.storage.base import DEFAULT_CHUNK, Closing


class MappedStorage(Closing):
    """The file behind an open descriptor, as long as it was when it was opened.  The descriptor is closed at once."""

    repeatable = True

    def __init__(self, descriptor: int, name: str) -> None:
        self.name = name
        try:
            self.size: int | None = os.fstat(descriptor).st_size
            # An empty file cannot be mapped.
            self._map = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) if self.size else None
        finally:
            os.close(descriptor)

    @property
    def view(self) -> mmap.mmap | bytes:
        """All of it, without a copy."""
        return b"" if self._map is None else self._map

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        if self._map is not None:
            for at in range(start, len(self._map), chunk_size):
                yield self._map[at : at + chunk_size]

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        return b"" if self._map is None else self._map[start:stop]

    def close(self) -> None:
        """Unmap the file."""
        if self._map is not None:
            self._map.close()
