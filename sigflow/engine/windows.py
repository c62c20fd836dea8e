"""Windows: the bytes of a storage as arrays, one after the other, each beginning with what the last left undecided.

Strategy.  What is in memory, or mapped, is one window.  A file is read by `pread`, see `files`.  Any other storage is
read in chunks that are put together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sigflow.engine.window import WINDOW, Source, Window, Windows, read_only


class Whole:
    """One window: all there is."""

    def __init__(self, data: Any) -> None:
        self._window = Window(read_only(data), 0, True)

    def begin(self, offset: int, stop: int | None = None) -> None:
        """It is one window, wherever one begins."""

    def after(self, offset: int) -> Window:
        """The window."""
        return self._window

    def close(self) -> None:
        """Let go of the buffer: a map is closed only when nobody looks at it."""
        del self._window


class Chunked:
    """The windows of a storage that only gives chunks."""

    def __init__(
        self, chunks: Callable[[int, int | None], Iterator[bytes]], window: int = WINDOW, start: int = 0
    ) -> None:
        """chunks(offset, stop): those from an offset to the end, of which those behind `stop` may not be wanted."""
        self._from = chunks
        self._size = window
        self.begin(start)

    def begin(self, offset: int, stop: int | None = None) -> None:
        """The next window is the first again, of the stream from this offset on."""
        self._chunks = self._from(offset, stop)
        self._data = b""
        self._base = offset
        self._stop = stop

    def after(self, offset: int) -> Window:
        """The next window."""
        carried = self._data[offset - self._base :]
        pieces, wanted = [carried], max(self._size, len(carried))
        final = False
        reached = offset + len(carried)
        while wanted > 0:
            chunk = next(self._chunks, None)
            if chunk is None:
                final = True
                break
            pieces.append(chunk)
            wanted -= len(chunk)
            reached += len(chunk)
            if self._stop is not None and reached >= self._stop:
                break  # what comes may not be wanted
        self._data, self._base = b"".join(pieces), offset
        return Window(read_only(self._data), offset, final)

    def close(self) -> None:
        """Nothing to give back."""


def windows_of(storage: Source, chunk_size: int | None = None, *, ahead: bool = True) -> Windows:
    """The windows of a storage.  chunk_size: bytes read at once, where the user says so.  ahead: whether bytes are read
    while others are scanned.
    """
    view = getattr(storage, "view", None)
    if view is not None:
        return Whole(view)
    descriptor = getattr(storage, "descriptor", None)
    if descriptor is not None and hasattr(os, "preadv"):
        from sigflow.engine.files import Ahead, InTurn

        return Ahead(descriptor, chunk_size or WINDOW) if ahead else InTurn(descriptor)
    size = chunk_size or WINDOW
    between = getattr(storage, "between", None)
    if between is not None:
        return Chunked(partial(between, size), size)
    return Chunked(lambda offset, stop: storage.chunks(size, offset), size)
