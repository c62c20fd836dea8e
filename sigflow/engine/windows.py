"""Windows: the bytes of a storage as arrays, one after the other, each beginning with what the last left undecided.

Strategy.  What is in memory, or mapped, is one window.  A file is read by `pread` into two buffers in turn, the next
while the last is scanned; before the part that is read a buffer has room for what is carried over.  Any other storage
is read in chunks that are put together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy

#: Bytes of a file that are read at once, and room for what is carried over.
WINDOW = 1 << 20
ROOM = 1 << 18


class Source(Protocol):
    """What is asked of a storage; see `sigflow.storage.Storage`.  It may also have `view`, all of it in memory, or
    `descriptor`, that of its file.
    """

    @property
    def size(self) -> int | None:
        """Its bytes, where that is known."""
        ...

    def chunks(self, chunk_size: int = ..., start: int = ...) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces."""
        ...


class Window(NamedTuple):
    """data: uint8, contiguous, read-only, valid until the next window is asked for.  base: the offset of its first
    byte. final: the stream ends with it.
    """

    data: numpy.ndarray[Any, Any]
    base: int
    final: bool


class Windows(Protocol):
    """The windows of one stream, in order."""

    def after(self, offset: int) -> Window:
        """The next window.  It begins at `offset`, or before, and reaches farther than the last, unless that was
        final.
        """
        ...

    def close(self) -> None:
        """Give back what is held; the arrays must not be used any more."""
        ...


def read_only(data: Any) -> numpy.ndarray[Any, Any]:
    """A buffer as an array that kernel code takes."""
    import numpy

    array = numpy.frombuffer(data, numpy.uint8)
    array.flags.writeable = False
    return array


class Whole:
    """One window: all there is."""

    def __init__(self, data: Any) -> None:
        self._window = Window(read_only(data), 0, True)

    def after(self, offset: int) -> Window:
        """The window."""
        return self._window

    def close(self) -> None:
        """Nothing to give back."""


class Filed:
    """The windows of a file from `start` on, up to its end, read ahead by a thread of its own."""

    def __init__(self, descriptor: int, start: int = 0, window: int = WINDOW, room: int = ROOM) -> None:
        self._descriptor = descriptor
        self._size = window
        self._room = room
        self._buffers = [bytearray(room + window), bytearray(room + window)]
        self._next = 0
        self._offset = start  # of what is read next
        self._window: Window | None = None
        self._reader = ThreadPoolExecutor(1, "sigflow-read")
        self._coming: Future[int] = self._reader.submit(self._read, self._buffers[0], room, start)

    def _read(self, buffer: bytearray, at: int, offset: int) -> int:
        """Fill the buffer from `at` on; gives how many bytes there were."""
        done = 0
        with memoryview(buffer) as view:
            while at + done < len(buffer):
                with view[at + done :] as rest:
                    count = os.preadv(self._descriptor, [rest], offset + done)
                if not count:
                    break
                done += count
        return done

    def after(self, offset: int) -> Window:
        """The next window."""
        count = self._coming.result()
        buffer, room = self._buffers[self._next], self._room
        carried: Any = b"" if self._window is None else self._window.data[offset - self._window.base :]
        left = len(carried)
        final = count < len(buffer) - room
        if left > room:
            # A frame is longer than the room: from now on the windows are so much larger that copies stay rare.
            read = buffer[room : room + count]
            self._room = room = 2 * left
            self._size = max(self._size, room)
            self._buffers = [bytearray(room + self._size), bytearray(room + self._size)]
            self._next, buffer = 0, self._buffers[0]
            buffer[room : room + count] = read
            more = 0 if final else self._read(buffer, room + count, self._offset + count)
            final = final or count + more < self._size
            count += more
        buffer[room - left : room] = bytes(carried)
        base = self._offset - left
        self._offset += count
        self._next = 1 - self._next
        if not final:
            self._coming = self._reader.submit(self._read, self._buffers[self._next], room, self._offset)
        self._window = Window(read_only(memoryview(buffer)[room - left : room + count]), base, final)
        return self._window

    def close(self) -> None:
        """Wait for the reader."""
        self._reader.shutdown(cancel_futures=True)


class Chunked:
    """The windows of a storage that only gives chunks."""

    def __init__(self, chunks: Iterator[bytes], window: int = WINDOW, start: int = 0) -> None:
        self._chunks = chunks
        self._size = window
        self._data = b""
        self._base = start

    def after(self, offset: int) -> Window:
        """The next window."""
        carried = self._data[offset - self._base :]
        pieces, wanted = [carried], max(self._size, len(carried))
        final = False
        while wanted > 0:
            chunk = next(self._chunks, None)
            if chunk is None:
                final = True
                break
            pieces.append(chunk)
            wanted -= len(chunk)
        self._data, self._base = b"".join(pieces), offset
        return Window(read_only(self._data), offset, final)

    def close(self) -> None:
        """Nothing to give back."""


def windows_of(storage: Source, chunk_size: int | None = None, start: int = 0) -> Windows:
    """The windows of a storage from the offset `start` on.  chunk_size: bytes read at once, where the user says so."""
    view = getattr(storage, "view", None)
    if view is not None:
        return Whole(view)
    descriptor = getattr(storage, "descriptor", None)
    if descriptor is not None and hasattr(os, "preadv"):
        return Filed(descriptor, start, chunk_size or WINDOW)
    return Chunked(storage.chunks(chunk_size or WINDOW, start), chunk_size or WINDOW, start)
