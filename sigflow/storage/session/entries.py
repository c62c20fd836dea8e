"""The index of a raw capture: what is known of the bytes in a segment, an entry of 64 bytes for each piece.

`N.seg` holds the bytes as they came, and nothing else.  `N.idx` begins with a head of 64 bytes; entries follow, all of
one size, so that a damaged one is stepped over.  Head and entries end with the CRC-32 of the bytes before it.

Little-endian.  Head: 16 bytes of magic and version; u8 number of the segment; u8 offset in the stream of its first
byte; 24 bytes: which boot the monotonic clock counts from; u4 reserved; u4 CRC.  Entry: u1 kind; u1 code; u2 reserved;
u4 length; u8 offset in the stream; u8 place in the segment; u8 number; i8 wall clock and i8 monotonic clock in
nanoseconds; u8 value; u4 CRC-32 of the piece; u4 CRC.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from sigflow import checksums
from sigflow.events import Stamp
from sigflow.reasons import OVERFLOW
from sigflow.stream.cuts import BOUNDARY, CONCATENATED, RECONNECT

MAGIC = b"sigflow index 1\n"
SIZE = 64
_HEAD = struct.Struct("<16sQQ24sI")
_ENTRY = struct.Struct("<BBHIQQQqqQI")
_CRC = struct.Struct("<I")
assert _HEAD.size + _CRC.size == _ENTRY.size + _CRC.size == SIZE

#: Kinds of entries: bytes; a cut; a candidate that was abandoned; something that was noted.
CHUNK, CUT, MARK, NOTE = 1, 2, 3, 4
#: Codes of cuts: their kinds, in this order.
CUTS = (BOUNDARY, RECONNECT, OVERFLOW, CONCATENATED)
#: Codes of notes: what happened, in this order; 0: something else.
NOTES = (
    "", "disconnected", "reconnected", "rotated", "truncated", "perhaps-missed", "dropped-datagrams", "socket-error",
    "bad-frames", "overruns", "parity-errors", "breaks", "buffer-overruns",
)  # fmt: skip
#: The value of a cut of which nobody knows how many bytes are missing.
UNKNOWN = (1 << 64) - 1

crc32 = checksums.get("CRC-32/ISO-HDLC").compute


def note_code(what: str) -> int:
    """The code of what happened."""
    return NOTES.index(what) if what in NOTES else 0


class Head(NamedTuple):
    """What an index begins with."""

    number: int
    offset: int
    boot: str


class Entry(NamedTuple):
    """What is known of a piece, or of a place.

    offset: in the stream; of a cut, of what lies behind the hole.  place: in the segment.  number: of the chunk, of the
    transport; of a mark, of the format.  value: of a cut, how many bytes are missing; of a note, how often.  crc: of
    the piece.
    """

    kind: int
    code: int
    length: int
    offset: int
    place: int
    number: int
    wall_ns: int
    monotonic_ns: int
    value: int
    crc: int

    def stamp(self, transport: str, boot: str) -> Stamp:
        """The stamp of a chunk."""
        return Stamp(self.wall_ns, self.monotonic_ns, transport, boot, self.number)


def _whole(data: bytes, at: int) -> bool:
    """Whether what begins here is all there, and its CRC right."""
    end = at + SIZE - _CRC.size
    return len(data) >= at + SIZE and bool(_CRC.unpack_from(data, end)[0] == crc32(data[at:end]))


def packed_head(head: Head) -> bytes:
    """The head, with its CRC."""
    boot = head.boot.replace("-", "").encode()
    # (A UUID has 32 digits: more than there is room for as text.)
    room = bytes.fromhex(boot.decode()) if len(boot) == 32 else boot[:24]
    data = _HEAD.pack(MAGIC, head.number, head.offset, room, 0)
    return data + _CRC.pack(crc32(data))


def read_head(data: bytes) -> Head | None:
    """The head at the beginning of an index; None where it is not whole."""
    if (
        len(data) < SIZE
        or data[: len(MAGIC)] != MAGIC
        or _CRC.unpack_from(data, SIZE - 4)[0] != crc32(data[: SIZE - 4])
    ):
        return None
    _, number, offset, boot, _ = _HEAD.unpack_from(data)
    text = boot.rstrip(b"\0")
    shown = text.decode("ascii") if text.isalnum() and text.isascii() and len(text) < 16 else boot[:16].hex()
    return Head(number, offset, shown)


def packed(
    kind: int,
    *,
    offset: int,
    place: int,
    code: int = 0,
    length: int = 0,
    number: int = 0,
    stamp: Stamp | None = None,
    value: int = 0,
    crc: int = 0,
) -> bytes:
    """An entry, with its CRC."""
    wall, monotonic = (0, 0) if stamp is None else stamp[:2]
    data = _ENTRY.pack(kind, code, 0, length, offset, place, number, wall, monotonic, value, crc)
    return data + _CRC.pack(crc32(data))


def repacked(entry: Entry) -> bytes:
    """An entry as it stands in an index, with its CRC."""
    kind, code, *others = entry
    data = _ENTRY.pack(kind, code, 0, *others)
    return data + _CRC.pack(crc32(data))


def read(data: bytes, at: int) -> Entry | None:
    """The entry at a place; None where it is not whole."""
    if not _whole(data, at):
        return None
    kind, code, _, *others = _ENTRY.unpack_from(data, at)
    return Entry(kind, code, *others)
