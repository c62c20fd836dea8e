"""Windows: the bytes of a storage as arrays, one after the other, each beginning with what the last left undecided.

Strategy.  What is in memory, or mapped, is one window.  A file is read by `pread` into buffers in turn, the next ones
while the last is scanned; before the part that is read a buffer has room for what is carried over.  Any other storage
is read in chunks that are put together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy

#: Bytes of a file that are read at once, room before them for what is carried over, and buffers to read ahead.
WINDOW = 1 << 21
ROOM = 1 << 18
BUFFERS = 4


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
    """The windows of a file from `start` on, up to its end, read ahead by a thread of its own.

    State: buffers, each free, or filled, or that of the window; what was read is in `_filled`, with how many bytes it
    is, and an error of reading as it was raised.
    """

    def __init__(self, descriptor: int, start: int = 0, window: int = WINDOW, room: int = ROOM) -> None:
        self._descriptor = descriptor
        self._size = window
        self._room = room
        self._offset = start  # behind what has come
        self._free: SimpleQueue[bytearray | None] = SimpleQueue()
        self._filled: SimpleQueue[tuple[bytearray, int] | OSError] = SimpleQueue()
        for _ in range(BUFFERS):
            self._free.put(bytearray(room + window))
        self._taken: bytearray | None = None
        self._window: Window | None = None
        self._reader = Thread(target=self._read, args=(start,), name="sigflow-read", daemon=True)
        self._reader.start()

    def _read(self, offset: int) -> None:
        """Fill free buffers until the file ends, or there are no more buffers."""
        while (buffer := self._free.get()) is not None:
            done = 0
            try:
                with memoryview(buffer) as view:
                    while done < self._size:
                        with view[self._room + done :] as rest:
                            count = os.preadv(self._descriptor, [rest], offset + done)
                        if not count:
                            break
                        done += count
            except OSError as error:
                self._filled.put(error)
                return
            self._filled.put((buffer, done))
            offset += done
            if done < self._size:
                return

    def _next(self) -> tuple[bytearray, int]:
        found = self._filled.get()
        if isinstance(found, OSError):
            raise found
        return found

    def after(self, offset: int) -> Window:
        """The next window."""
        buffer, count = self._next()
        carried: Any = b"" if self._window is None else self._window.data[offset - self._window.base :]
        left, room = len(carried), self._room
        final = count < self._size
        base = self._offset - left
        self._offset += count
        if left <= room:
            buffer[room - left : room] = bytes(carried)
            data: Any = memoryview(buffer)[room - left : room + count]
        else:
            # A frame is longer than the room.  So much more is read at once that copying it stays linear.
            pieces: list[bytes] = [bytes(carried), bytes(buffer[room : room + count])]
            more = count
            while more < left and not final:
                self._free.put(buffer)
                buffer, count = self._next()
                pieces.append(bytes(buffer[room : room + count]))
                final = count < self._size
                more += count
                self._offset += count
            data = b"".join(pieces)
        if self._taken is not None:
            self._free.put(self._taken)
        self._taken = buffer
        self._window = Window(read_only(data), base, final)
        return self._window

    def close(self) -> None:
        """Wait for the reader."""
        self._free.put(None)
        self._reader.join()


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
