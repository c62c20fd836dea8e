"""The windows of a file, read by `pread` into buffers that are used again; reading into new memory takes twice as long.

Before the part that is read a buffer has room for what is carried over from the last.  For one scan parts are read
ahead by a thread, and by the scan's own where it would have to wait, so that no core is idle (`Ahead`).  One of
several workers reads for itself (`InTurn`).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from mmap import mmap
from threading import Condition, Thread
from typing import Any, NamedTuple

from sigflow.engine.window import WINDOW, Window, read_only

#: Room before a part for what is carried over, and buffers to read ahead.
ROOM = 1 << 18
BUFFERS = 4
#: Bytes of address space for a window that is longer than a part, at least.
WIDE = 1 << 26
#: Bytes of a part that is read where a scan is about to end.
LAST = 1 << 16


class FilePart(NamedTuple):
    """A buffer, how many bytes of the file stand in it behind the room, and whether the file ends with them."""

    buffer: bytearray
    size: int
    final: bool


def read_part(descriptor: int, buffer: bytearray, room: int, size: int, offset: int) -> FilePart:
    """So many bytes of a file, or fewer where it ends."""
    done = 0
    with memoryview(buffer) as view:
        while done < size:
            with view[room + done : room + size] as rest:
                count = os.preadv(descriptor, [rest], offset + done)
            if not count:
                break
            done += count
    return FilePart(buffer, done, done < size)


class Parts(ABC):
    """Windows made of parts of a file.  State: the window and its buffer, or one of its own for what is longer than a
    part, and the offset behind what has come.  room, size: bytes of a buffer before a part, and of the part.
    """

    def __init__(self, room: int, size: int) -> None:
        self._room = room
        self._size = size
        self._wide = memoryview(b"")
        self._offset = 0
        self._taken: bytearray | None = None
        self._window: Window | None = None

    @abstractmethod
    def _next(self) -> FilePart:
        """The next part."""

    @abstractmethod
    def _give_back(self, buffer: bytearray) -> None:
        """The buffer may be read into again."""

    def _wide_enough(self, size: int) -> memoryview:
        """A buffer for a window that is longer than a part: the one that there is, if it is large enough.

        Memory that is never written to is none, and all of it goes back to the system.
        """
        if len(self._wide) < size:
            self._wide = memoryview(mmap(-1, max(size, WIDE)))
        return self._wide

    def after(self, offset: int) -> Window:
        """The next window."""
        buffer, count, final = self._next()
        carried: Any = b"" if self._window is None else self._window.data[offset - self._window.base :]
        left, room = len(carried), self._room
        base = self._offset - left
        self._offset += count
        if left <= room:
            data: Any = memoryview(buffer)[room - left : room + count]
            data[:left] = carried
        else:
            # A frame is longer than the room.  So much more is read at once that copying it stays linear.
            wide = self._wide_enough(2 * left + self._size)
            wide[:left] = memoryview(carried)
            size = left
            while True:
                wide[size : size + count] = memoryview(buffer)[room : room + count]
                size += count
                if size >= 2 * left or final:
                    break
                self._give_back(buffer)
                buffer, count, final = self._next()
                self._offset += count
            data = wide[:size]
        if self._taken is not None:
            self._give_back(self._taken)
        self._taken = buffer
        self._window = Window(read_only(data), base, final)
        return self._window


class InTurn(Parts):
    """Each part is read when it is asked for."""

    def __init__(self, descriptor: int, part: int = WINDOW, room: int = ROOM) -> None:
        """part: bytes that are read at once."""
        super().__init__(room, part)
        self._descriptor = descriptor
        self._stop: int | None = None
        self._free: list[bytearray] = []

    def begin(self, offset: int, stop: int | None = None) -> None:
        """The next window is the first again, of the file from this offset on."""
        self._offset, self._stop, self._window = offset, stop, None
        if self._taken is not None:
            self._give_back(self._taken)
            self._taken = None

    def _next(self) -> FilePart:
        size = self._size
        if self._stop is not None:
            left = self._stop - self._offset
            size = min(size, left if left > 0 else LAST)
        buffer = self._free.pop() if self._free else bytearray(self._room + self._size)
        return read_part(self._descriptor, buffer, self._room, size, self._offset)

    def _give_back(self, buffer: bytearray) -> None:
        self._free.append(buffer)

    def close(self) -> None:
        """Nothing to give back."""


class Ahead(Parts):
    """Parts are read while others are scanned; it can be begun once.

    State: the parts count from where it was begun; `_claimed` of them are read, or being read; those that wait to be
    scanned are in `_read`, or the error of reading as it was raised.  Threads meet only under `_changed`.
    """

    def __init__(self, descriptor: int, part: int = WINDOW, room: int = ROOM) -> None:
        """part: bytes that are read at once."""
        super().__init__(room, part)
        self._descriptor = descriptor
        self._changed = Condition()
        self._free: list[bytearray] = []
        self._buffers = 0
        self._first = 0
        self._claimed = 0
        self._scanned = 0
        self._read: dict[int, FilePart | OSError] = {}
        self._done = False  # nobody has to read any more
        self._reader: Thread | None = None

    def begin(self, offset: int, stop: int | None = None) -> None:
        """The windows are those of the file from this offset on."""
        assert not self._claimed
        self._first = self._offset = offset

    def _claim(self) -> tuple[int, bytearray] | None:
        """The number of the next part to be read and a buffer for it, if there is one; under `_changed`."""
        if self._done:
            return None
        if not self._free:
            if self._buffers == BUFFERS:
                return None
            self._buffers += 1
            self._free.append(bytearray(self._room + self._size))
        number = self._claimed
        self._claimed += 1
        return number, self._free.pop()

    def _fill(self, number: int, buffer: bytearray) -> None:
        """Read a part."""
        part: FilePart | OSError
        try:
            part = read_part(self._descriptor, buffer, self._room, self._size, self._first + number * self._size)
        except OSError as error:
            part = error
        with self._changed:
            self._read[number] = part
            self._done |= isinstance(part, OSError) or part.final
            self._changed.notify_all()

    def _run(self) -> None:
        """Read parts until the file ends, or nobody wants more; in the reader's thread."""
        while True:
            with self._changed:
                while (claimed := self._claim()) is None:
                    if self._done:
                        return
                    self._changed.wait()
            self._fill(*claimed)

    def _next(self) -> FilePart:
        number = self._scanned
        self._scanned += 1
        while True:
            with self._changed:
                if number in self._read:
                    part = self._read.pop(number)
                    break
                claimed = self._claim()
                if claimed is None:
                    self._changed.wait()
            if claimed is not None:
                self._fill(*claimed)
        if isinstance(part, OSError):
            raise part
        if self._reader is None and not part.final:
            self._reader = Thread(target=self._run, name="sigflow-read", daemon=True)
            self._reader.start()
        return part

    def _give_back(self, buffer: bytearray) -> None:
        with self._changed:
            self._free.append(buffer)
            self._changed.notify_all()

    def close(self) -> None:
        """Wait for the reader."""
        with self._changed:
            self._done = True
            self._changed.notify_all()
        if self._reader is not None:
            self._reader.join()
