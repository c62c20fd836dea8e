"""A ring of bytes in a mapped file, between processes of one machine: one writer, many readers, nobody waits.

Layout, little-endian: 16 bytes of magic and version; u8 capacity; u8 reserved, the position up to which the writer may
be writing; u8 written, the position up to which the bytes are there; u8 generation of the writer, 0 once it has ended;
u8 begun, the position at which it began; then `capacity` bytes.  Positions count from the beginning of the stream.  The
writer raises `reserved`, copies, raises `written`.  A reader copies what lies below `written`, then looks at
`reserved`: what lies below `reserved - capacity` may have been overwritten meanwhile, and was lost.  Each number is 8
bytes on an 8-byte boundary, which the machines that CPython runs on store in one piece.

The writer holds the lock of the file.  That it is free says that a writer that has not said its end was killed; the
next one goes on at `written`, and what it had begun to write behind that was never there.

A file rather than `multiprocessing.shared_memory`: its tracker removes the memory when any of its readers ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import mmap
import os
import secrets
import struct
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from sigflow.errors import UsageError
from sigflow.reasons import OVERFLOW
from sigflow.storage.disk import identity, lock, locked
from sigflow.stream.cuts import RECONNECT
from sigflow.transport.address import Address
from sigflow.transport.base import PIECE, Chunk, Clock, Cut, TransportError

MAGIC = b"sigflow ring 2\r\n"
_HEAD = struct.Struct("<16sQQQQQ")
_NUMBER = struct.Struct("<Q")
CAPACITY_AT, RESERVED, WRITTEN, GENERATION, BEGUN = 16, 24, 32, 40, 48
#: Where the bytes begin: a page, so that they are apart from the numbers.
DATA = 4096
#: Bytes of a ring where the URI says nothing.
CAPACITY = 16 << 20
#: Seconds between two looks of a reader: the first after bytes came, growing to the second.
SOON, LATE = 0.0002, 0.01
#: Seconds of silence after which a reader looks whether the writer is alive, and between two such looks.
SILENT = 0.25
#: How often a writer tries to get the lock, which a reader that looks has for a moment, and seconds between two tries.
TRIES, TURN = 20, 0.002
#: Memory that looks like a file, where there is such.
_MEMORY = "/dev/shm"


def path_of(name: str) -> str:
    """The file of a ring.  Raises `UsageError` for what is no plain name."""
    if not name or name != os.path.basename(name) or name.startswith(".") or len(name) > 100:
        raise UsageError(f"ipc:{name}: a plain name is wanted")
    folder = _MEMORY if os.path.isdir(_MEMORY) and os.access(_MEMORY, os.W_OK) else tempfile.gettempdir()
    return os.path.join(folder, f"sigflow-ring-{name}")


class RingWriter:
    """The one who writes a ring.  State: the mapped file; how far it has written, and how far one who was killed before
    it may have.
    """

    waits = False
    lasting = False

    def __init__(self, address: Address) -> None:
        self.name = address.text
        self._path = path_of(address.rest)
        self._capacity: int = address.options.get("size", CAPACITY)
        self._descriptor = self._opened()
        try:
            self._written, self._torn = self._taken_over()
            os.ftruncate(self._descriptor, DATA + self._capacity)
            self._map = mmap.mmap(self._descriptor, DATA + self._capacity)
            generation = int.from_bytes(secrets.token_bytes(7), "little") + 1
            self._map[: len(MAGIC)] = MAGIC
            for at, number in (
                (CAPACITY_AT, self._capacity), (RESERVED, self._torn), (WRITTEN, self._written),
                (BEGUN, self._written), (GENERATION, generation),
            ):  # fmt: skip
                _NUMBER.pack_into(self._map, at, number)
        except BaseException:
            os.close(self._descriptor)
            raise
        self._view = memoryview(self._map)
        self._closed = False

    def _opened(self) -> int:
        """A descriptor of the file, which nobody else writes.  Where its size is another one it is replaced: who has
        mapped a file that shrinks is killed.
        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        for turn in range(TRIES):
            try:
                descriptor = os.open(self._path, flags, 0o600)
            except OSError as error:
                raise TransportError(f"{self.name}: cannot open: {error.strerror}") from error
            if lock(descriptor) is not False:
                status = os.fstat(descriptor)
                ours = identity(self._path) == (status.st_dev, status.st_ino)
                if ours and status.st_size in (0, DATA + self._capacity):
                    return descriptor
                if ours:
                    os.remove(self._path)
            elif turn < TRIES - 1:
                time.sleep(TURN)
            os.close(descriptor)
        raise TransportError(f"{self.name}: another process writes it")

    def _taken_over(self) -> tuple[int, int]:
        """How far a writer before us has written, and may have begun to, if it left a ring: its readers go on there."""
        head = os.pread(self._descriptor, _HEAD.size, 0)
        if len(head) == _HEAD.size:
            magic, capacity, reserved, written, _generation, _begun = _HEAD.unpack(head)
            if magic == MAGIC and capacity == self._capacity:
                return int(written), max(int(reserved), int(written))
        return 0, 0

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
        _NUMBER.pack_into(self._map, RESERVED, max(end, self._torn))
        at = self._written % self._capacity
        first = min(len(piece), self._capacity - at)
        self._view[DATA + at : DATA + at + first] = piece[:first]
        self._view[DATA : DATA + len(piece) - first] = piece[first:]
        self._written = end
        _NUMBER.pack_into(self._map, WRITTEN, end)

    async def close(self) -> None:
        """As `end`."""
        self.end()

    def end(self) -> None:
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
    """One who reads a ring, from the oldest bytes that are still there, or behind a reader that has ended.

    State: the file, mapped; how far it has read; where the writer that it follows began, and whether that is known to
    have ended; what was lost in all.
    """

    waits = False
    lasting = True

    def __init__(self, address: Address, *, after: RingReader | None = None) -> None:
        self.name = address.text
        path = path_of(address.rest)
        self._file = -1
        try:
            self._file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
            self._capacity = self._mapped()
        except FileNotFoundError as error:
            raise TransportError(f"{address.text}: nobody has written it yet") from error
        except (OSError, ValueError) as error:
            self._release()
            why = getattr(error, "strerror", None) or "nobody has written it yet"
            raise TransportError(f"{address.text}: cannot open: {why}") from error
        except TransportError:
            self._release()
            raise
        self._at = max(self._number(RESERVED) - self._capacity, 0)
        self._begun = self._number(BEGUN)
        self._over = False
        if after is not None and os.path.sameopenfile(self._file, after._file):
            # (That another writer follows is told by who opens us; that there is none yet is no end of ours.)
            self._at, self._begun, self._over = after._at, after._begun, True
        self._clock = Clock(address.text)
        self._cuts: list[Cut] = []
        self._closed = False
        self._received = 0
        self._said = False  # whether it was said where it reads
        self.lost = 0

    async def go_on(self, place: str, more: int, before: bytes) -> bool:
        """As of `GoesOn`: what was overwritten since is lost, and told."""
        device, number, at = json.loads(place)
        status = os.fstat(self._file)
        if (device, number) != (status.st_dev, status.st_ino) or not 0 <= at + more <= self._number(WRITTEN):
            return False
        self._at = at + more
        return True

    def _place(self, size: int) -> str:
        """Where so many bytes that were just read begin, where that was not said."""
        if self._said:
            return ""
        self._said = True
        status = os.fstat(self._file)
        return json.dumps([status.st_dev, status.st_ino, self._at - size])

    def _mapped(self) -> int:
        """Map the file, if it is a ring; returns the room in it.  (That of somebody else might shrink.)"""
        if hasattr(os, "geteuid") and os.fstat(self._file).st_uid not in (0, os.geteuid()):
            raise TransportError(f"{self.name}: the file of that name belongs to another user")
        self._map = mmap.mmap(self._file, 0, access=mmap.ACCESS_READ)
        if len(self._map) > DATA:
            magic, capacity, *_ = _HEAD.unpack_from(self._map, 0)
            if magic == MAGIC and 0 < capacity == len(self._map) - DATA:
                return int(capacity)
        raise TransportError(f"{self.name}: the file of that name is no ring")

    def _number(self, at: int) -> int:
        return int(_NUMBER.unpack_from(self._map, at)[0])

    async def receive(self) -> Chunk | None:
        """The next bytes, with what was lost before them; None where the writer has ended.

        Raises `TransportError` where it was killed.
        """
        wait, silent = SOON, 0.0
        while not self._closed:
            data = self._more()
            if data:
                self._received += len(data)
                cuts = tuple(self._cuts)
                self._cuts.clear()
                return Chunk(data, self._clock.stamp(), cuts, (), self._place(len(data)))
            if not self._over and self._number(WRITTEN) <= self._at:
                if self._number(GENERATION) == 0:
                    self._over = True
                    return None
                if silent >= SILENT:
                    silent = 0.0
                    if locked(self._file) is False and self._number(GENERATION) and self._number(WRITTEN) <= self._at:
                        self._over = True
                        raise TransportError(f"{self.name}: the writer was killed")
            await asyncio.sleep(wait)
            wait, silent = min(2 * wait, LATE), silent + wait
        return None

    def _more(self) -> bytes:
        """What is there, whole: what may have been overwritten while it was copied was lost."""
        written, begun = self._number(WRITTEN), self._number(BEGUN)
        if begun != self._begun:  # (a writer says where it began before its first byte)
            if self._at < begun < written:
                written = begun  # what is left of the writer before
            elif self._at >= begun:
                over, self._over, self._begun = self._over, False, begun
                if not over:  # else it was told
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
            self._release()

    def _release(self) -> None:
        if hasattr(self, "_map"):
            with contextlib.suppress(BufferError):
                self._map.close()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def describe(self) -> Mapping[str, Any]:
        """Its name, the bytes that came in and those that were lost, the room."""
        return {"uri": self.name, "received": self._received, "dropped": self.lost, "capacity": self._capacity}


async def read(address: Address, *, after: object = None, **how: object) -> RingReader:
    """One who reads a ring.  after: one that has ended."""
    return RingReader(address, after=after if isinstance(after, RingReader) else None)


async def write(address: Address, **how: object) -> RingWriter:
    """The one who writes a ring."""
    return RingWriter(address)
