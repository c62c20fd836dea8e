"""Appending to a raw capture: the bytes at once, their entries with the next commit, which puts both on the disk.

Rules.  What is acknowledged has its bytes and its entry on the disk.  The bytes are handed to the system when they come
in, so that a killed process loses nothing that the system has.  Bytes and entries are synced side by side: an entry
without its bytes is known by the CRC of the bytes, bytes without an entry are known by that.  A segment is preallocated
where the system can, so that a sync need not change the file's size; it is cut to its bytes when the next one begins.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from sigflow.events import Stamp
from sigflow.storage.disk import DISK, Disk
from sigflow.storage.session import layout
from sigflow.storage.session.entries import CHUNK, CUT, CUTS, MARK, NOTE, UNKNOWN, Head, crc32, packed, packed_head
from sigflow.storage.session.extents import Extent, Extents

#: Bytes of a segment, and seconds after which the next one begins.
SEGMENT_BYTES, SEGMENT_SECONDS = 64 << 20, 600.0
#: Bytes for which there is room at first; there is twice as much each time that it is full.  (Streams of which there
#: are many, and that say little, must not take the room of others.)
ROOM = 1 << 20


class _Segment:
    """An open segment.  State: its two files, bytes and entries written, entries that wait for a commit."""

    def __init__(self, disk: Disk, stream: str, head: Head, size: int) -> None:
        """size: bytes to have room for."""
        self.disk = disk
        self.number = head.number
        self.begun = time.monotonic()
        self._size, self._room = size, 0
        self.path = layout.segment(stream, head.number)
        self.bytes = disk.create(self.path, 0o666)
        self.index = -1
        try:
            self.index = disk.create(layout.index(stream, head.number), 0o666)
            if size:
                self._have_room(0)
        except BaseException:
            os.close(self.bytes)
            if self.index >= 0:
                os.close(self.index)
            raise
        self.stored = 0
        self.waiting = bytearray(packed_head(head))
        #: Whether its names are on the disk.
        self.named = False

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """What the system says is told of the segment."""
        try:
            yield
        except OSError as error:
            if error.errno is None or error.filename is not None:
                raise
            raise OSError(error.errno, error.strerror, self.path) from error

    def _have_room(self, stop: int) -> None:
        """Preallocate so that bytes up to here, and some more, change no size."""
        room = min(max(2 * self._room, ROOM), self._size)
        while room < stop and room < self._size:
            room = min(2 * room, self._size)
        self._room = room
        self.disk.preallocate(self.bytes, room)

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        view = memoryview(data)
        with self._named():
            if self._room < self.stored + len(data) and self._room < self._size:
                self._have_room(self.stored + len(data))
            while view:
                view = view[self.disk.write(self.bytes, view) :]
        self.stored += len(data)

    def sync(self, waiting: bytearray, both: ThreadPoolExecutor | None) -> None:
        """Put the bytes and these entries on the disk."""
        view = memoryview(waiting)
        with self._named():
            if both is None:
                self._write_entries(view)
                return
            bytes_synced = both.submit(self.disk.sync_data, self.bytes)
            try:
                self._write_entries(view)
                self.disk.sync_data(self.index)
            finally:
                bytes_synced.result()

    def _write_entries(self, view: memoryview) -> None:
        while view:
            view = view[self.disk.write(self.index, view) :]

    def close(self) -> None:
        """Give back what was preallocated and not used, and the files."""
        try:
            self.disk.cut(self.bytes, self.stored)
        finally:
            os.close(self.bytes)
            os.close(self.index)


class Position(NamedTuple):
    """Where a stream goes on: the number of its next segment, the offset of its next byte."""

    segment: int = 0
    offset: int = 0


#: Of a stream that has none yet.
BEGINNING = Position()


class StreamWriter:
    """Appends to the raw capture of one stream.

    State: the open segment, None before the first byte; those that are full and not yet on the disk; the offset behind
    the last byte, and up to where all is on the disk.  `append`, `cut`, `mark` and `note` are called by one thread;
    `commit` may be called by others at the same time, of which each waits for the one before.
    """

    def __init__(
        self,
        stream: str,
        position: Position = BEGINNING,
        *,
        synced: bool = True,
        boot: str = "",
        disk: Disk = DISK,
        segment_bytes: int = SEGMENT_BYTES,
        segment_seconds: float = SEGMENT_SECONDS,
    ) -> None:
        """stream: the folder, which is made when the first byte comes.  position: of `reader.position_of`.

        synced: whether a commit waits for the disk.  boot: which boot the monotonic clock of the stamps counts from.
        """
        self._stream = stream
        self._disk = disk
        self._boot = boot
        self._size, self._seconds = segment_bytes, segment_seconds
        self._number, self.offset = position
        self.acknowledged = position.offset
        #: Where the bytes stand that are not released yet.
        self.extents = Extents()
        #: Number and first offset of the segments that were begun.
        self.begun: list[tuple[int, int]] = []
        self._open: _Segment | None = None
        self._full: list[_Segment] = []
        self._lock = threading.Lock()
        self._committing = threading.Lock()
        self._both = ThreadPoolExecutor(1, "sigflow sync") if synced else None

    @property
    def waits(self) -> bool:
        """Whether something came in that no commit has put on the disk."""
        return bool(self._full) or (self._open is not None and bool(self._open.waiting))

    # ---------------------------------------------------------------- what comes in

    def append(self, data: bytes, stamp: Stamp) -> None:
        """Bytes came in.  Raises `OSError` where they cannot be written."""
        if not data:
            return
        with self._lock:
            segment = self._segment()
            place = segment.stored
            segment.write(data)
            segment.waiting += packed(
                CHUNK,
                offset=self.offset,
                place=place,
                length=len(data),
                number=stamp.number,
                stamp=stamp,
                crc=crc32(data),
            )
            self.extents.add(Extent(segment.number, self.offset, place, len(data)))
            self.offset += len(data)
            if segment.stored >= self._size or time.monotonic() - segment.begun >= self._seconds:
                self._full.append(segment)
                self._open = None

    def cut(self, kind: str, missing: int | None, stamp: Stamp) -> None:
        """Something is missing here, or two streams are joined."""
        with self._lock:
            self._segment()  # which begins before the hole
            self.offset += missing or 0
            value = UNKNOWN if missing is None else missing
            self._note(CUT, CUTS.index(kind), 0, stamp, value)

    def mark(self, offset: int, format: int, stamp: Stamp) -> None:
        """A candidate was abandoned.  format: its number in the session's list."""
        with self._lock:
            self._note(MARK, 0, format, stamp, 0, offset)

    def note(self, code: int, times: int, stamp: Stamp) -> None:
        """Something happened that changes no byte."""
        with self._lock:
            self._note(NOTE, code, 0, stamp, times)

    def _note(self, kind: int, code: int, number: int, stamp: Stamp, value: int, offset: int | None = None) -> None:
        segment = self._segment()
        at = self.offset if offset is None else offset
        segment.waiting += packed(
            kind, code=code, offset=at, place=segment.stored, number=number, stamp=stamp, value=value
        )

    def _segment(self) -> _Segment:
        """The open segment, made where there is none."""
        if self._open is None:
            os.makedirs(self._stream, exist_ok=True)
            head = Head(self._number, self.offset, self._boot)
            self._open = _Segment(self._disk, self._stream, head, self._size if self._both is not None else 0)
            self.begun.append((self._number, self.offset))
            self._number += 1
        return self._open

    # ---------------------------------------------------------------- onto the disk

    def commit(self) -> int:
        """Put all that came in on the disk; returns up to which offset of the stream everything is there.

        Raises `OSError` where that fails: then nothing more is acknowledged.
        """
        with self._committing:
            return self._commit()

    def _commit(self) -> int:
        with self._lock:
            full, self._full = self._full, []
            segments = [*full, *([self._open] if self._open is not None else [])]
            taken = [segment.waiting for segment in segments]
            for segment in segments:
                segment.waiting = bytearray()
            offset = self.offset
        new = False
        for segment, waiting in zip(segments, taken, strict=True):
            if waiting:
                segment.sync(waiting, self._both)
                new, segment.named = new or not segment.named, True
        if new and self._both is not None:
            self._disk.sync_folder(self._stream)
            self._disk.sync_folder(os.path.dirname(self._stream))
        for segment in full:
            segment.close()
        self.acknowledged = offset
        return offset

    def drop(self) -> None:
        """Give back what is open, and put nothing more on the disk; for when that has failed."""
        with self._lock:
            segments = [*self._full, *([self._open] if self._open is not None else [])]
            self._full, self._open = [], None
        for segment in segments:
            with contextlib.suppress(OSError):
                segment.close()
        if self._both is not None:
            self._both.shutdown()

    def close(self) -> int:
        """Commit, and end the stream."""
        with self._lock:
            if self._open is not None:
                self._full.append(self._open)
                self._open = None
        try:
            return self.commit()
        finally:
            if self._both is not None:
                self._both.shutdown()
