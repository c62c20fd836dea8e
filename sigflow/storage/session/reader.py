"""Reading a raw capture: what its segments hold, as one recorded stream with its cuts, marks and stamps.

One rule.  A piece counts where its entry is whole, by its CRC, and its bytes are, by theirs.  What is not whole counts
for nothing by itself; where a later piece says that it stands farther in the stream, there is a hole of known size.  So
what a power cut left of the newest bytes, which were not acknowledged, is just not there, and what the disk has damaged
is a hole.  (Bytes whose entry alone is lost are not taken either: nothing tells them from those of a torn write.)
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from typing import NamedTuple

from sigflow.events import Stamp
from sigflow.reasons import OVERFLOW
from sigflow.storage.base import DEFAULT_CHUNK, Closing
from sigflow.storage.disk import DISK, Disk
from sigflow.storage.file import pread
from sigflow.storage.session import entries, layout
from sigflow.storage.session.begin import head_offset, read_begin
from sigflow.storage.session.entries import CHUNK, CUT, CUTS, MARK, SIZE, UNKNOWN, Entry, crc32
from sigflow.storage.session.packed import is_packed, open_segment, packed_size
from sigflow.storage.session.writer import Position
from sigflow.stream.cuts import REMOVED, Cut

#: Bytes of a chunk, at most: an entry that claims more is not believed.
LARGEST = 1 << 30
#: Segments at the end whose bytes may not all have come to the disk.
NEWEST = 2


class Piece(NamedTuple):
    """Bytes that follow each other in a segment.  offset: in the stream; start: among the stored bytes of the stream;
    place: in the segment's file.
    """

    segment: int
    offset: int
    start: int
    place: int
    length: int
    entry: Entry


class Damage(NamedTuple):
    """What is not whole.  what: `head`, `entry` or `bytes`; offset: in the stream, of what stands before it."""

    segment: int
    what: str
    offset: int
    length: int


class Contents:
    """What the segments of a stream hold.

    State: pieces in the order of the stream, cuts, marks (offset, number of the format), notes, what is not whole.
    """

    def __init__(self, stream: str, *, verify: bool = True, whole: bool = False) -> None:
        """stream: the folder.  verify: whether the bytes of all segments are read, else only those of the newest.

        whole: whether all that the segments hold is given, else what stands behind the frame that the stream begins
        with, where its beginning was removed: what comes before is a cut then.  Raises `OSError` where a file cannot be
        read.
        """
        self.stream = stream
        self.pieces: list[Piece] = []
        self.cuts: list[Cut] = []
        self.marks: list[tuple[int, int]] = []
        self.notes: list[Entry] = []
        self.damage: list[Damage] = []
        self.boot = ""
        #: By segment, which boot its monotonic clock counts from.
        self.boots: dict[int, str] = {}
        #: Offset behind the last byte; stored bytes.
        self.offset = self.stored = 0
        numbers = layout.segments(stream) if os.path.isdir(stream) else []
        self.begin = read_begin(stream) if os.path.isdir(stream) else None
        if self.begin is not None:
            numbers = [number for number in numbers if number >= self.begin.segment]
            self.offset = self.begin.offset
            if whole:
                self.offset = min(head_offset(stream, self.begin.segment) or self.offset, self.offset)
            else:
                self.cuts.append(Cut(0, REMOVED, self.offset))
        self._from = self.offset
        self.numbers = numbers
        for number in self.numbers:
            # (An archived segment was read back.)
            newest = number in self.numbers[-NEWEST:] and not is_packed(stream, number)
            self._segment(number, verify or newest)

    @property
    def position(self) -> Position:
        """Where the stream goes on."""
        first = self.begin.segment if self.begin is not None else 0
        return Position(self.numbers[-1] + 1 if self.numbers else first, self.offset)

    def _segment(self, number: int, verify: bool) -> None:
        index = _content(layout.index(self.stream, number))
        head = entries.read_head(index)
        if head is None:
            self.damage.append(Damage(number, "head", self.offset, min(len(index), SIZE)))
        else:
            self.boot = head.boot
            self._reach(head.offset)
        self.boots[number] = self.boot
        descriptor, size = -1, 0
        if not verify and is_packed(self.stream, number):
            size = packed_size(self.stream, number)
        else:
            with suppress(FileNotFoundError):
                descriptor = open_segment(self.stream, number)
                size = os.fstat(descriptor).st_size
        try:
            for at in range(SIZE, len(index), SIZE):
                entry = entries.read(index, at)
                if entry is None:
                    self.damage.append(Damage(number, "entry", self.offset, min(len(index) - at, SIZE)))
                elif entry.kind != CHUNK:
                    self._place(entry)
                elif not _sound(descriptor, size, entry, verify):
                    self.damage.append(Damage(number, "bytes", self.offset, entry.length))
                else:
                    self._piece(number, entry)
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _piece(self, segment: int, entry: Entry) -> None:
        """Bytes, but for those before the beginning."""
        left_out = max(self._from - entry.offset, 0)
        length = entry.length - left_out
        if length <= 0:
            return
        self._reach(entry.offset + left_out)
        self.pieces.append(Piece(segment, self.offset, self.stored, entry.place + left_out, length, entry))
        self.offset += length
        self.stored += length

    def _reach(self, offset: int) -> None:
        """The stream goes on here: what lies between is a hole."""
        if offset > self.offset:
            self._cut(OVERFLOW, offset - self.offset)

    def _cut(self, kind: str, missing: int | None, stamp: Stamp | None = None) -> None:
        self.cuts.append(Cut(self.offset, kind, missing, stamp))
        self.offset += missing or 0

    def _place(self, entry: Entry) -> None:
        """An entry that speaks of a place."""
        if entry.offset < self._from:
            return
        if entry.kind == CUT and entry.code < len(CUTS):
            missing = None if entry.value == UNKNOWN else entry.value
            self._reach(entry.offset - (missing or 0))
            self._cut(CUTS[entry.code], missing, entry.stamp("", self.boot))
        elif entry.kind == MARK:
            self.marks.append((entry.offset, entry.number))
        else:
            self.notes.append(entry)


def _sound(descriptor: int, size: int, entry: Entry, verify: bool) -> bool:
    """Whether the bytes of a chunk are there, and, if asked, right.  size: bytes of the segment."""
    if not 0 < entry.length <= LARGEST or size < entry.place + entry.length:
        return False
    if not verify:
        return True
    data = pread(descriptor, entry.length, entry.place)
    return len(data) == entry.length and crc32(data) == entry.crc


def sync_newest(contents: Contents, disk: Disk = DISK) -> None:
    """Put what was read on the disk: where a process was killed, the system may have it in memory only.

    To be done before a stream is gone on with, for what follows depends on it.
    """
    for number in contents.numbers[-NEWEST:]:
        for path in (layout.segment(contents.stream, number), layout.index(contents.stream, number)):
            try:
                descriptor = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                continue
            try:
                disk.sync_data(descriptor)
            finally:
                os.close(descriptor)
    if contents.numbers:
        disk.sync_folder(contents.stream)


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


class StreamStorage(Closing):
    """The stored bytes of a stream, as one recorded stream.  Offsets here are among the stored bytes: holes have none.

    State: the one segment that was read last.
    """

    repeatable = True

    def __init__(self, contents: Contents, name: str) -> None:
        self.contents = contents
        self.name = name
        self.size: int | None = contents.stored
        self._starts = [piece.start for piece in contents.pieces]
        self._offsets = [piece.offset for piece in contents.pieces]
        self._segment = self._descriptor = -1

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        while data := self.read(start, start + chunk_size):
            yield data
            start += len(data)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer at the end."""
        pieces = self.contents.pieces
        out: list[bytes] = []
        row = max(bisect_right(self._starts, start) - 1, 0)
        while row < len(pieces) and pieces[row].start < stop:
            piece = pieces[row]
            # Pieces that stand beside each other in one file are read at once.
            last = row
            while (
                last + 1 < len(pieces)
                and pieces[last + 1].start < stop
                and pieces[last + 1].segment == piece.segment
                and pieces[last + 1].place == pieces[last].place + pieces[last].length
            ):
                last += 1
            low = max(start - piece.start, 0)
            high = min(stop, pieces[last].start + pieces[last].length) - piece.start
            if high > low:
                out.append(pread(self._of(piece.segment), high - low, piece.place + low))
            row = last + 1
        return out[0] if len(out) == 1 else b"".join(out)

    def at(self, offset: int) -> int:
        """Where what has this offset in the stream stands among the stored bytes, or what follows a hole."""
        row = bisect_right(self._offsets, offset) - 1
        if row < 0:
            return 0
        piece = self.contents.pieces[row]
        return piece.start + min(offset - piece.offset, piece.length)

    def stamped(self, start: int = 0) -> Iterator[tuple[bytes, Stamp]]:
        """The chunks as they came in, each with its stamp.  start: the first of the stored bytes that are wanted."""
        row = max(bisect_right(self._starts, start) - 1, 0)
        for piece in self.contents.pieces[row:]:
            done = max(start - piece.start, 0)
            data = pread(self._of(piece.segment), piece.length - done, piece.place + done)
            if data:
                yield data, piece.entry.stamp(self.name, self.contents.boots[piece.segment])

    def moment(self, offset: int) -> int | None:
        """When the byte at an offset of the stream was received, in nanoseconds since 1970, by the clock of that boot
        that no one sets; None where there is no such byte.
        """
        row = bisect_right(self._offsets, offset) - 1
        if row < 0:
            return None
        piece = self.contents.pieces[row]
        return piece.entry.monotonic_ns + self._epochs[self.contents.boots[piece.segment]]

    @cached_property
    def _epochs(self) -> dict[str, int]:
        """By boot, when its monotonic clock was 0 by the wall clock: as of the first chunk that was stamped in it."""
        epochs: dict[str, int] = {}
        for piece in self.contents.pieces:
            epochs.setdefault(self.contents.boots[piece.segment], piece.entry.wall_ns - piece.entry.monotonic_ns)
        return epochs

    def _of(self, segment: int) -> int:
        if segment != self._segment:
            self.close()
            self._descriptor = open_segment(self.contents.stream, segment)
            self._segment = segment
        return self._descriptor

    def close(self) -> None:
        """Give back the open segment."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._segment = self._descriptor = -1
