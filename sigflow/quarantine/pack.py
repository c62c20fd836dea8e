"""Many small stretches in one file, so that each does not cost a file and a sync of its own.

    MARK            once
    header          meta (4 bytes) and data (8 bytes): their sizes, big-endian
    meta            what the entry says, as JSON: the pack can be read without a ledger
    data            the bytes of the stretch

A pack is written once, as a whole, and named by its hash; a stretch in it is found by where its header stands.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO

from sigflow.errors import SigflowError

MARK = b"sigQ pack 1\n"
HEADER = struct.Struct(">IQ")
#: What the name of a pack ends in.
ENDING = ".pack"
#: Bytes of meta at most: a stretch has few diagnostics.
LARGEST_META = 16 << 20


class Pack:
    """A pack that is being made, in memory.  State: its bytes, and where each stretch stands, by its content's hash."""

    def __init__(self) -> None:
        self.data = bytearray(MARK)
        self.places: dict[str, int] = {}

    def add(self, raw: str, meta: bytes, data: bytes) -> None:
        """A stretch more."""
        self.places[raw] = len(self.data)
        self.data += HEADER.pack(len(meta), len(data)) + meta + data


def found_at(file: IO[bytes], at: int, size: int) -> tuple[bytes, int]:
    """The meta of the stretch whose header stands at this offset, and where its data begins.

    size: of the file.  Raises `SigflowError` where no stretch stands there.
    """
    file.seek(at)
    header = file.read(HEADER.size)
    if at >= len(MARK) and len(header) == HEADER.size:
        meta, data = HEADER.unpack(header)
        begin = at + HEADER.size + meta
        if meta <= LARGEST_META and begin + data <= size:
            return file.read(meta), begin
    raise SigflowError(f"no stretch stands at {at} of the pack")


def stretches(file: IO[bytes], size: int) -> Iterator[tuple[int, bytes, int, int]]:
    """(offset, meta, begin, stop of the data) of each stretch of a pack, as far as it is whole."""
    file.seek(0)
    if file.read(len(MARK)) != MARK:
        return
    at = len(MARK)
    while at < size:
        try:
            meta, begin = found_at(file, at, size)
        except SigflowError:
            return
        file.seek(at)
        stop = begin + HEADER.unpack(file.read(HEADER.size))[1]
        yield at, meta, begin, stop
        at = stop
