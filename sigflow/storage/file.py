"""A regular file, read by `pread` in windows: the default.

The position of the descriptor is never used, so several readers share one storage.  A file that shrinks while it is
read ends where it ends; one that grows is read to its new end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from sigflow.storage.base import DEFAULT_CHUNK, Closing


def pread(descriptor: int, count: int, offset: int) -> bytes:
    """`os.pread`; where the platform has none, a seek and a read."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, count)


class FileStorage(Closing):
    """The file behind an open descriptor, which belongs to this storage from now on."""

    repeatable = True

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor: int | None = descriptor
        self.name = name
        self.size: int | None = os.fstat(descriptor).st_size

    @property
    def descriptor(self) -> int:
        """The open descriptor."""
        if self._descriptor is None:
            raise ValueError(f"{self.name}: this storage is closed")
        return self._descriptor

    def again(self) -> FileStorage:
        """The same file, open for itself."""
        return FileStorage(os.dup(self.descriptor), self.name)

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        while chunk := pread(self.descriptor, chunk_size, start):
            start += len(chunk)
            yield chunk

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        pieces: list[bytes] = []
        while start < stop and (piece := pread(self.descriptor, stop - start, start)):
            pieces.append(piece)
            start += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
