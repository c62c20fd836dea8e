"""A file that grows: what is behind the committed length does not count, and a restart cuts it off."""

from __future__ import annotations

import os

from sigflow.errors import SigflowError
from sigflow.storage.disk import DISK, Disk, lock
from sigflow.storage.session.ledger import Ledger

#: The "stream" under which the length of the file is kept.
FILE = -1


class GrowingFile:
    """State: the open file, its length."""

    def __init__(self, name: str, path: str, head: bytes = b"", tail: bytes = b"", disk: Disk = DISK) -> None:
        """name: of the sink, in the ledger.  head, tail: what the file begins and ends with."""
        self.name = name
        self._path = os.path.abspath(path)
        self._head, self._tail = head, tail
        self._disk = disk
        self._descriptor = -1
        self._length = 0

    def begin(self, ledger: Ledger) -> None:
        """Open the file, and cut off what was not committed.  A file that is not ours is not touched."""
        length = ledger.position(self.name, FILE)[1]
        known = bool(ledger.positions(self.name))
        there = os.path.exists(self._path)
        if there and not known and os.path.getsize(self._path):
            raise SigflowError(f"{self._path}: the file is there, and this session has not written it")
        self._descriptor = self._disk.open(self._path)
        if lock(self._descriptor) is False:
            raise SigflowError(f"{self._path}: another process writes it")
        if os.fstat(self._descriptor).st_size < length:
            raise SigflowError(f"{self._path}: it is shorter than the {length} bytes that were committed")
        self._disk.cut(self._descriptor, length)
        self._length = length
        if not known:  # the ledger says that it is ours before anything is in it
            self._disk.sync(self._descriptor)
            self._disk.sync_folder(os.path.dirname(self._path))
            with ledger.transaction():
                ledger.move(self.name, FILE, 0, 0)
        if not length:
            self.append(self._head)
        self._end()
        self._disk.sync(self._descriptor)

    def append(self, data: bytes | bytearray) -> None:
        """Write behind what counts."""
        os.lseek(self._descriptor, self._length, os.SEEK_SET)
        self._length += len(data)
        self._write(data)

    def sync(self) -> None:
        """Put it on the disk."""
        self._end()
        self._disk.sync_data(self._descriptor)

    def commit(self, ledger: Ledger) -> None:
        """Say in the ledger that all of it counts: inside a transaction, once it is on the disk."""
        ledger.move(self.name, FILE, 0, self._length)

    def _end(self) -> None:
        """Write what the file ends with, which the next is written over."""
        if self._tail:
            os.lseek(self._descriptor, self._length, os.SEEK_SET)
            self._write(self._tail)

    def _write(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        while view:
            view = view[self._disk.write(self._descriptor, view) :]

    def close(self) -> None:
        """Give back the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
