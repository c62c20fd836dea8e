"""A binary file object: whatever has `read(n)` and gives bytes, such as `open(path, "rb")`, `BytesIO`, a socket's file.

One that can seek is a storage from where it stands to its end; its position is put back after each look, so that who
gave it may go on with it.  One that cannot is read once, from front to back.  Closing the storage leaves it open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sigflow.storage.base import DEFAULT_CHUNK, Closing
from sigflow.storage.pipe import PipeStorage

if TYPE_CHECKING:
    from sigflow.storage.base import Storage


def of_object(source: Any) -> Storage:
    """The storage of a file object; `TypeError` where it is none, or one of text."""
    name = getattr(source, "name", None)
    shown = name if isinstance(name, str) else f"<{type(source).__name__}>"
    if not callable(getattr(source, "read", None)) or isinstance(source, type):
        raise TypeError(
            f"cannot open {type(source).__name__}: wanted a path, bytes, a binary file object, or a storage with "
            "chunks() and read()"
        )
    _bytes_of(source.read(0), shown)
    seekable = getattr(source, "seekable", None)
    if callable(seekable) and seekable():
        return ObjectStorage(source, shown)
    return ObjectPipe(source, shown)


def _bytes_of(piece: Any, name: str) -> bytes:
    if isinstance(piece, str):
        raise TypeError(f"{name}: this file object gives text; open it in binary mode ('rb')")
    if piece is None:
        raise BlockingIOError(11, "a file object that does not block has no bytes yet", name)
    if not isinstance(piece, bytes | bytearray | memoryview):
        raise TypeError(f"{name}: read() gives {type(piece).__name__}, wanted bytes")
    return bytes(piece)


class ObjectStorage(Closing):
    """A file object that can seek.  Offsets count from where it stood when it was opened."""

    repeatable = True

    def __init__(self, source: Any, name: str) -> None:
        self._source = source
        self._begin = source.tell()
        end = source.seek(0, os.SEEK_END)
        source.seek(self._begin)
        self.name = name
        self.size: int | None = max(0, (end if end is not None else source.tell()) - self._begin)

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        while piece := self.read(start, start + chunk_size):
            yield piece
            start += len(piece)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        stood = self._source.tell()
        try:
            self._source.seek(self._begin + start)
            pieces = []
            while start < stop and (piece := _bytes_of(self._source.read(stop - start), self.name)):
                pieces.append(piece)
                start += len(piece)
        finally:
            self._source.seek(stood)
        return b"".join(pieces)


class ObjectPipe(PipeStorage):
    """A file object that cannot seek."""

    def __init__(self, source: Any, name: str) -> None:
        super().__init__(-1, name, owned=False)
        self._source = source

    def _take(self, size: int) -> bytes:
        return _bytes_of(self._source.read(size), self.name)
