"""Sinks of one file, which grows: lines of JSON, rows of CSV, messages of MCAP, or the frames' bytes.

Written, synced, then the length committed; a restart cuts the file back to the last committed length.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from sigflow.errors import SigflowError
from sigflow.session.sinks import Barrier, Frames, Positions, RecordFormat, behind
from sigflow.storage.disk import DISK, Disk, lock
from sigflow.storage.session.ledger import Ledger
from sigflow.stream.format import Format

#: The "stream" under which the length of the file is kept.
FILE = -1


class AppendingSink:
    """State: the open file, its length; of each stream what waits for a barrier, and how far it has come."""

    def __init__(self, name: str, path: str, form: RecordFormat, disk: Disk = DISK) -> None:
        self.name = name
        self._path = os.path.abspath(path)
        self._form = form
        self._disk = disk
        self._descriptor = -1
        self._length = 0
        self._waiting: dict[int, bytearray] = {}

    def begin(self, ledger: Ledger) -> None:
        """Open the file, and cut off what was not committed.  A file that is not ours is not touched."""
        self._ledger, self._positions = ledger, Positions(self.name, ledger)
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
            self._append(self._form.head)
        self._end()
        self._disk.sync(self._descriptor)

    def _append(self, data: bytes | bytearray) -> None:
        """Write behind what counts."""
        os.lseek(self._descriptor, self._length, os.SEEK_SET)
        self._length += len(data)
        self._write(data)

    def _end(self) -> None:
        """Write what the file ends with, which the next frames are written over."""
        if self._form.tail:
            os.lseek(self._descriptor, self._length, os.SEEK_SET)
            self._write(self._form.tail)

    def _write(self, data: bytes | bytearray) -> None:
        view = memoryview(data)
        while view:
            view = view[self._disk.write(self._descriptor, view) :]

    def position(self, stream: int) -> int:
        """How many frames of a stream are in the file for good."""
        return self._positions.of(stream)

    def begin_stream(self, stream: int, first: int, formats: Sequence[Format]) -> None:
        """Records say themselves which they are."""

    def take(self, stream: int, pieces: Sequence[Frames]) -> None:
        """Make bytes of the records that are new."""
        waiting = self._waiting.setdefault(stream, bytearray())
        for record in behind(pieces, self.position(stream)):
            waiting += self._form.of(record)

    def barrier(self, barrier: Barrier) -> None:
        """Write what waits, and commit where it is time."""
        waiting = self._waiting.pop(barrier.stream, b"")
        if waiting:
            self._append(waiting)
        if self._positions.move(barrier, barrier.frames):
            self._end()
            self._disk.sync_data(self._descriptor)
            self._positions.commit(lambda: self._ledger.move(self.name, FILE, 0, self._length))

    def hurry(self) -> None:
        """What is written at once is not given up."""

    def close(self) -> None:
        """Give back the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
