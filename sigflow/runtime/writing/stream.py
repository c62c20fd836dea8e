"""A stream that is written and read: what objects of read-write classes have as `_io` while they are written, and
after.

It has a size from the beginning, as Kaitai's streams do, or grows.  How long a stream that grows will be is not known
while it is written: an expression that asks is `Undecided`, and what it decides is taken from the values.
"""

from __future__ import annotations

from typing import Any

import kaitaistruct
from kaitaistruct import EndOfStreamError

from sigflow.runtime.stream import KaitaiStream
from sigflow.runtime.writing.sink import Sink


class Undecided(Exception):
    """An expression asks for what is known only when everything is written."""


class Unknown:
    """The stream of an object that is checked before it has one."""

    def __getattr__(self, name: str) -> Any:
        raise Undecided(name)


class WriteStream(Sink):
    """`WriteStream()` grows; `WriteStream(size=n)` has n bytes, which are zeros; `WriteStream(io)` stands for another
    stream, which gets what was written by `deliver`.

    `to_byte_array()` gives its bytes.  The writing methods of Kaitai's streams (`write_u4le`, ...) work, too.
    """

    def __init__(self, io: Any = None, *, size: int | None = None) -> None:
        self.data = bytearray()
        self._copy: bytes | None = None
        super().__init__(b"")
        self.target = io
        self.fixed = size is not None or (io is not None and getattr(io, "fixed", True))
        #: Whether its size is not known yet.
        self.open = not self.fixed
        #: Who writes it (`plain.Plain`).
        self.session: Any = None
        self.child_streams: list[WriteStream] = []
        self.write_back_handler: Any = None
        if io is None:
            self._first = bytes(size or 0)
            self._begin = 0
        else:
            self._first, self._begin = _contents(io)
        self.rewind()

    def rewind(self) -> None:
        """Forget what was written."""
        self.data = bytearray(self._first)
        self.ranges = []
        self.child_streams = []
        self._copy = None
        self._spare_bits = 0
        self._pos = self._begin

    @property
    def _data(self) -> bytes:
        """The bytes so far, for who reads."""
        if self._copy is None:
            self._copy = bytes(self.data)
        return self._copy

    @_data.setter
    def _data(self, data: bytes) -> None:
        pass  # (the base sets it)

    @property
    def _end(self) -> int:
        return len(self.data)

    @_end.setter
    def _end(self, end: int) -> None:
        pass

    @property
    def bits_left(self) -> int:
        """How many bits of the byte before the position are not written yet, or were not read."""
        return self._spare_bits or super().bits_left

    # ---------------------------------------------------------------- what expressions ask

    def size(self) -> int:
        """The size in bytes; `Undecided` while it grows."""
        if self.open:
            raise Undecided("the size of a stream that grows")
        return len(self.data)

    def is_eof(self) -> bool:
        """Whether nothing is left; `Undecided` while it grows."""
        if self.open:
            raise Undecided("the end of a stream that grows")
        return self._pos >= len(self.data) and not self._spare_bits

    def filled(self) -> bool:
        """Whether its last byte was written."""
        return not self.data or any(stop == len(self.data) for _, stop in self.ranges)

    # ---------------------------------------------------------------- writing

    def require(self, size: int) -> None:
        """Raise `EndOfStreamError` where so many bytes cannot be written here."""
        left = max(len(self.data) - self._pos, 0)
        if self.fixed and size > left:
            text = f"requested to write {size} bytes, but only {left} bytes left in the stream"
            raise EndOfStreamError(text, size, left)

    def reserve(self, size: int) -> int:
        """Leave room for so many bytes, which are zeros until they are written; gives where it begins."""
        self.align()
        self.require(size)
        start = self._pos
        self.write(bytes(size))
        return start

    def _put(self, data: bytes) -> None:
        self.require(len(data))
        self._copy = None
        super()._put(data)

    def write_bits(self, value: int, width: int, order: str, rest: int = 0) -> None:
        """A bit field; the other bits of its last byte stay as they are."""
        self._copy = None
        needed = width - self._spare_bits
        last = self._pos + (needed + 7) // 8 - 1
        if needed > 0 and last < len(self.data):
            spare = -needed % 8
            mask = (1 << spare) - 1
            rest = self.data[last] & (mask << (8 - spare) if order == "le" else mask)
        super().write_bits(value, width, order, rest)

    def write_bytes(self, buf: bytes) -> None:
        """Bytes, as Kaitai's method of this name writes them."""
        self.write(bytes(buf))

    def write_bits_int_be(self, n: int, val: int) -> None:
        """The lowest n bits of a number, most significant bit first."""
        self.write_bits(val & ((1 << n) - 1), n, "be")

    def write_bits_int_le(self, n: int, val: int) -> None:
        """The lowest n bits of a number, least significant bit first."""
        self.write_bits(val & ((1 << n) - 1), n, "le")

    def write_align_to_byte(self) -> None:
        """Begin the next byte."""
        self.align()

    def to_byte_array(self) -> bytes:
        """All bytes."""
        return bytes(self.data)

    # ---------------------------------------------------------------- streams in it

    def add_inner(self, inner: WriteStream, start: int, handler: Any) -> None:
        """A stream of an object in this one; handler(self): writes its bytes at `start`, once they are there."""
        inner.write_back_handler = kaitaistruct.KaitaiStream.WriteBackHandler(start, handler)
        self.child_streams.append(inner)

    def gather(self) -> None:
        """Write the streams of objects in this one into it, the innermost first."""
        before, spare = self._pos, self._spare_bits
        for inner in self.child_streams:
            inner.gather()
            inner.write_back_handler.write_back(self)
        self._pos, self._spare_bits = before, spare

    def write_back_child_streams(self, parent: Any = None) -> None:
        """What `_write` ends with, for who calls its steps one by one."""
        self.gather()
        self.open = False
        self.deliver()

    def deliver(self) -> None:
        """Give what was written to the stream that this one stands for."""
        target = self.target
        if target is None:
            return
        if not isinstance(target, KaitaiStream):
            for start, stop in self.ranges:
                target.seek(start)
                target._io.write(bytes(self.data[start:stop]))
            target.seek(self._pos)
            return
        if isinstance(target, WriteStream):
            for start, stop in self.ranges:
                target.seek(start)
                target.write(bytes(self.data[start:stop]))
        else:
            target._data, target._end = bytes(self.data), len(self.data)
            file = target._file
            if file is not None:
                for start, stop in self.ranges:
                    file.seek(start)
                    file.write(self.data[start:stop])
                file.seek(self._pos)
        target.seek(self._pos)


def _contents(io: Any) -> tuple[bytes, int]:
    """The bytes of a stream, and its position in them."""
    if isinstance(io, KaitaiStream):
        return bytes(io._data), io.pos()
    if not isinstance(io, kaitaistruct.KaitaiStream):
        raise TypeError(f"expected a KaitaiStream to write to, got {type(io).__name__}")
    pos = io.pos()
    io.seek(0)
    data: bytes = io.read_bytes_full()
    io.seek(pos)
    return data, pos
