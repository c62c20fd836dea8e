"""A ring of bytes in a mapped file, between processes of one machine: one writer, many readers, nobody waits.

Layout, little-endian: 16 bytes of magic and version; u8 capacity; u8 reserved, the position up to which the writer may
be writing; u8 written, the position up to which the bytes are there; u8 generation of the writer, 0 once it has ended;
then `capacity` bytes.  Positions count from the beginning of the stream.  The writer raises `reserved`, copies, raises
`written`.  A reader copies what lies below `written`, then looks at `reserved`: what lies below `reserved - capacity`
may have been overwritten meanwhile, and was lost.  Each number is 8 bytes on an 8-byte boundary, which the machines
that CPython runs on store in one piece.

A file rather than `multiprocessing.shared_memory`: its tracker removes the memory when any of its readers ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import secrets
import struct
import tempfile
from collections.abc import Mapping
from typing import Any

from sigflow.errors import UsageError
from sigflow.reasons import OVERFLOW
from sigflow.storage.disk import lock
from sigflow.stream.cuts import RECONNECT
from sigflow.transport.address import Address
from sigflow.transport.base import PIECE, Chunk, Clock, Cut, TransportError

MAGIC = b"sigflow ring 1\r\n"
_HEAD = struct.Struct("<16sQQQQ")
_NUMBER = struct.Struct("<Q")
RESERVED, WRITTEN, GENERATION = 24, 32, 40
#: Where the bytes begin: a page, so that they are apart from the numbers.
DATA = 4096
#: Bytes of a ring where the URI says nothing.
CAPACITY = 16 << 20
#: Seconds between two looks of a reader: the first after bytes came, growing to the second.
SOON, LATE = 0.0002, 0.01
#: Memory that looks like a file, where there is such.
_MEMORY = "/dev/shm"


def path_of(name: str) -> str:
    """The file of a ring.  Raises `UsageError` for what is no plain name."""
    if not name or name != os.path.basename(name) or name.startswith(".") or len(name) > 100:
        raise UsageError(f"ipc:{name}: a plain name is wanted")
    folder = _MEMORY if os.path.isdir(_MEMORY) and os.access(_MEMORY, os.W_OK) else tempfile.gettempdir()
    return os.path.join(folder, f"sigflow-ring-{name}")


class RingWriter:
    """The one who writes a ring.  State: the mapped file, how far it has written."""

    waits = False

    def __init__(self, address: Address) -> None:
        self.name = address.text
        self._path = path_of(address.rest)
        self._capacity: int = address.options.get("size", CAPACITY)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            self._descriptor = os.open(self._path, flags, 0o600)
        except OSError as error:
            raise TransportError(f"{address.text}: cannot open: {error.strerror}") from error
        try:
            if lock(self._descriptor) is False:
                raise TransportError(f"{address.text}: another process writes it")
            self._written = self._taken_over()
            os.ftruncate(self._descriptor, DATA + self._capacity)
            self._map = mmap.mmap(self._descriptor, DATA + self._capacity)
            generation = int.from_bytes(secrets.token_bytes(7), "little") + 1
            _HEAD.pack_into(self._map, 0, MAGIC, self._capacity, self._written, self._written, generation)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._view = memoryview(self._map)
        self._closed = False

    def _taken_over(self) -> int:
        """Where a writer before us has ended, if it left a ring of the same size: its readers go on there."""
        head = os.pread(self._descriptor, _HEAD.size, 0)
        if len(head) == _HEAD.size:
            magic, capacity, _reserved, written, _ = _HEAD.unpack(head)
            if magic == MAGIC and capacity == self._capacity:
                return int(written)
        return 0

    async def receive(self) -> Chunk | None:
        """Nothing comes from a ring that is written."""
        return None

    async def send(self, data: bytes) -> None:
        """Write the bytes; who reads too slowly is overrun."""
        self.write(data)

    def write(self, data: bytes | memoryview) -> None:
        """The same, at once."""
        if self._closed:
            raise TransportError(f"{self.name}: it is closed")
        view = memoryview(data)
        for begin in range(0, len(view), max(self._capacity // 4, 1)):
            self._put(view[begin : begin + max(self._capacity // 4, 1)])

    def _put(self, piece: memoryview) -> None:
        end = self._written + len(piece)
        _NUMBER.pack_into(self._map, RESERVED, end)
        at = self._written % self._capacity
        first = min(len(piece), self._capacity - at)
        self._view[DATA + at : DATA + at + first] = piece[:first]
        self._view[DATA : DATA + len(piece) - first] = piece[first:]
        self._written = end
        _NUMBER.pack_into(self._map, WRITTEN, end)

    async def close(self) -> None:
        """Say that this is the end.  The ring stays, for readers that are not there yet."""
        if not self._closed:
            self._closed = True
            _NUMBER.pack_into(self._map, GENERATION, 0)
            self._view.release()
            self._map.close()
            os.close(self._descriptor)

    def describe(self) -> Mapping[str, Any]:
        """Its name, the bytes that were written, the room."""
        return {"uri": self.name, "sent": self._written, "capacity": self._capacity}


class RingReader:
    """One who reads a ring, from the oldest bytes that are still there.

    State: the mapped file, how far it has read, the writer that it follows, what was lost in all.
    """

    waits = False

    def __init__(self, address: Address) -> None:
        self.name = address.text
        path = path_of(address.rest)
        try:
            with open(path, "rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as error:
            raise TransportError(f"{address.text}: nobody has written it yet") from error
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "nobody has written it yet"
            raise TransportError(f"{address.text}: cannot open: {why}") from error
        self._capacity = self._checked()
        self._at = max(self._number(RESERVED) - self._capacity, 0)
        self._generation = self._number(GENERATION)
        self._clock = Clock(address.text)
        self._cuts: list[Cut] = []
        self._closed = False
        self._received = 0
        self.lost = 0

    def _checked(self) -> int:
        if len(self._map) > DATA:
            magic, capacity, *_ = _HEAD.unpack_from(self._map, 0)
            if magic == MAGIC and 0 < capacity == len(self._map) - DATA:
                return int(capacity)
        raise TransportError(f"{self.name}: the file of that name is no ring")

    def _number(self, at: int) -> int:
        return int(_NUMBER.unpack_from(self._map, at)[0])

    async def receive(self) -> Chunk | None:
        """The next bytes, with what was lost before them; None where the writer has ended."""
        wait = SOON
        while not self._closed:
            data = self._more()
            if data:
                self._received += len(data)
                cuts = tuple(self._cuts)
                self._cuts.clear()
                return Chunk(data, self._clock.stamp(), cuts)
            generation = self._number(GENERATION)
            if generation == 0 and self._number(WRITTEN) <= self._at:
                return None
            if generation != self._generation:
                self._generation = generation
                self._cuts.append(Cut(RECONNECT))
            await asyncio.sleep(wait)
            wait = min(2 * wait, LATE)
        return None

    def _more(self) -> bytes:
        """What is there, whole: what may have been overwritten while it was copied was lost."""
        written = self._number(WRITTEN)
        if written < self._at:  # somebody began a new ring in the file
            self._at = 0
            self._cuts.append(Cut(RECONNECT))
        begin = max(self._at, written - self._capacity)
        size = min(written - begin, PIECE)
        at = begin % self._capacity
        first = min(size, self._capacity - at)
        data = self._map[DATA + at : DATA + at + first] + self._map[DATA : DATA + size - first]
        sound = min(max(begin, self._number(RESERVED) - self._capacity), begin + size)
        missing = sound - self._at
        if missing:
            self.lost += missing
            self._cuts.append(Cut(OVERFLOW, missing))
        self._at = begin + size
        return data[sound - begin :]

    async def send(self, data: bytes) -> None:
        """Nothing can be sent by who reads."""
        raise TransportError(f"{self.name}: nothing can be sent: it is only read")

    async def close(self) -> None:
        """Read no more."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(BufferError):
                self._map.close()

    def describe(self) -> Mapping[str, Any]:
        """Its name, the bytes that came in and those that were lost, the room."""
        return {"uri": self.name, "received": self._received, "dropped": self.lost, "capacity": self._capacity}
