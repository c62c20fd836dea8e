"""The reader that generated parsers read from: a position in one immutable buffer.

It answers to the names of Kaitai's Python runtime (`read_u4le`, `pos`, `is_eof`, ...), so code written for that runtime
runs unchanged, but reads with `struct.unpack_from` out of one bytes object instead of through a file object: a read
is one bounds check and one unpack, and runs of fixed fields (`Run`) are a single unpack.

Rules.  A read that fails leaves the position where it began.  Bits left over from a bit read count only while the
position is the one they were read at (`_bits_at`), so that a byte read need not clear them.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import kaitaistruct
from kaitaistruct import EndOfStreamError, InvalidArgumentError, NoTerminatorFoundError

from sigflow.errors import LimitExceeded
from sigflow.runtime.stuffing import Stuffing

_U2BE = struct.Struct(">H").unpack_from
_U4BE = struct.Struct(">I").unpack_from
_U8BE = struct.Struct(">Q").unpack_from
_U2LE = struct.Struct("<H").unpack_from
_U4LE = struct.Struct("<I").unpack_from
_U8LE = struct.Struct("<Q").unpack_from
_S1 = struct.Struct("b").unpack_from
_S2BE = struct.Struct(">h").unpack_from
_S4BE = struct.Struct(">i").unpack_from
_S8BE = struct.Struct(">q").unpack_from
_S2LE = struct.Struct("<h").unpack_from
_S4LE = struct.Struct("<i").unpack_from
_S8LE = struct.Struct("<q").unpack_from
_F4BE = struct.Struct(">f").unpack_from
_F8BE = struct.Struct(">d").unpack_from
_F4LE = struct.Struct("<f").unpack_from
_F8LE = struct.Struct("<d").unpack_from


#: Elements of a list, in a row, that may take no byte.
EMPTY = 65536


class KaitaiStream(kaitaistruct.KaitaiStream):  # type: ignore[misc]  # kaitaistruct carries no types
    """A position in `data`.  `KaitaiStream(b"...")` or, as in Kaitai's runtime, `KaitaiStream(BytesIO(b"..."))`."""

    #: What most streams never change is set on the class: a substream is made for many a field.
    _file: Any = None
    _bits = 0
    _bits_left = 0
    _bits_at = -1
    bits_le = False
    _empty = 0

    def __init__(self, io: Any) -> None:
        if io.__class__ is bytes:
            self._data = io
            self._pos = 0
        else:
            self._data, self._pos, self._file = _contents(io)
        self._end = len(self._data)

    def close(self) -> None:
        """Close the file that was given, if one was."""
        if self._file is not None:
            self._file.close()

    @property
    def _io(self) -> BytesIO:
        """What Kaitai's stream keeps in `_io`, a file object; few programs reach for it, so it is made when one does.

        (No `__getattr__`: with it, Python looks every attribute of the class up the slow way.)
        """
        file = BytesIO(bytes(self._data))
        file.seek(self._pos)
        return file

    # ---------------------------------------------------------------- position

    def pos(self) -> int:
        """The offset of the next byte, from the start of this stream."""
        return self._pos

    def size(self) -> int:
        """The size of this stream in bytes."""
        return self._end

    def is_eof(self) -> bool:
        """Whether nothing is left, neither a byte nor a bit."""
        return self._pos >= self._end and not (self._bits_left and self._bits_at == self._pos)

    def seek(self, n: int) -> None:
        """Go to offset n; beyond the end is allowed, reading there is not."""
        if n < 0:
            raise InvalidArgumentError(f"cannot seek to invalid position {n}")
        self._bits_left = 0
        self._pos = n

    def align_to_byte(self) -> None:
        """Forget the bits left over from a bit read."""
        self._bits_left = 0

    @property
    def bits_left(self) -> int:
        """How many bits of the byte before the position are still unread."""
        return self._bits_left if self._bits_at == self._pos else 0

    @property
    def bits(self) -> int:
        """The value of those bits."""
        return self._bits if self.bits_left else 0

    def lacking(self, n: int) -> EndOfStreamError:
        """The error for a read of n bytes that are not there."""
        available = max(self._end - self._pos, 0)
        return EndOfStreamError(f"requested {n} bytes, but only {available} bytes available", n, available)

    # ---------------------------------------------------------------- numbers

    def _number(self, unpack: Any, n: int) -> Any:
        pos = self._pos
        if self._end - pos < n:
            raise self.lacking(n)
        self._pos = pos + n
        return unpack(self._data, pos)[0]

    def read_u1(self) -> int:
        """An unsigned byte."""
        pos = self._pos
        if pos >= self._end:
            raise self.lacking(1)
        self._pos = pos + 1
        return self._data[pos]

    def read_s1(self) -> int:
        """A signed byte."""
        return self._number(_S1, 1)  # type: ignore[no-any-return]

    def read_numbers(self, into: list[Any], kind: Numbers, count: int) -> None:
        """Append `count` numbers to `into`; -1: as many as there are to the end.

        Where the stream ends first, what is there is kept.
        """
        pos, size = self._pos, kind.size
        stop = pos + count * size
        if 0 < count < 8 and stop <= self._end:
            into.extend(kind.few[count](self._data, pos))
            self._pos = stop
            return
        left = max(self._end - pos, 0)
        there = left // size
        take = there if count < 0 else min(count, there)
        # "To the end" is not reached while bits are left, though no byte is: the next number is cut.
        cut = left % size or (not left and self.bits_left)
        if take > 0:
            into.extend(kind.many(take)(self._data, pos))
            self._pos = pos + take * size
        if take < count or (count < 0 and cut):
            raise self.lacking(size)

    def moved(self, before: int) -> int:
        """The position, which must not be `before`: a list that takes no bytes would never end."""
        if self._pos == before:
            self._stuck(EMPTY)
        self._empty = 0
        return self._pos

    def listed(self, before: int, count: int) -> None:
        """A list of `count` elements has been read: those that took no byte count with those of the lists before."""
        if self._pos != before:
            self._empty = 0
            return
        self._empty += count
        if self._empty > 2 * EMPTY:
            self._stuck(self._empty)

    def _stuck(self, count: int) -> None:
        text = f"{count} elements in a row took no byte at offset {self.pos()}"
        raise LimitExceeded(text, offset=self.pos(), found=count, limit=EMPTY)

    # ---------------------------------------------------------------- bits

    def holds_bits(self, n: int) -> bool:
        """Whether n more bits can be read."""
        return n - self.bits_left <= 8 * (self._end - self._pos)

    def _more_bits(self, needed: int) -> bytes:
        size = (needed + 7) // 8
        pos = self._pos
        if self._end - pos < size:
            raise self.lacking(size)
        self._pos = self._bits_at = pos + size
        return bytes(self._data[pos : pos + size])

    def read_bits_int_be(self, n: int) -> int:
        """The next n bits, most significant bit of each byte first."""
        left = self.bits_left
        needed = n - left
        if needed <= 0:
            value = self._bits >> -needed if n else 0
            self._bits &= (1 << -needed) - 1
            self._bits_left = -needed
            return value
        old = self._bits if left else 0
        fresh = int.from_bytes(self._more_bits(needed), "big")
        self._bits_left = -needed % 8
        self._bits = fresh & ((1 << self._bits_left) - 1)
        return fresh >> self._bits_left | old << needed

    def read_bits_int_le(self, n: int) -> int:
        """The next n bits, least significant bit of each byte first."""
        left = self.bits_left
        needed = n - left
        if needed <= 0:
            value = self._bits & ((1 << n) - 1)
            self._bits >>= n
            self._bits_left = -needed
            return value
        old = self._bits if left else 0
        fresh = int.from_bytes(self._more_bits(needed), "little")
        self._bits_left = -needed % 8
        self._bits = fresh >> needed
        return (fresh & ((1 << needed) - 1)) << left | old

    def read_bits(self, into: list[Any], order: str, width: int, count: int) -> None:
        """Append `count` bit fields of `width` bits to `into`; where the stream ends first, what is there is kept."""
        total = width * count
        if order != "be" or count < 1 or total > 1024 or not self.holds_bits(total):
            read = self.read_bits_int_be if order == "be" else self.read_bits_int_le
            for _ in range(count):
                into.append(read(width))
            return
        value, mask = self.read_bits_int_be(total), (1 << width) - 1
        into.extend([value >> shift & mask for shift in range(total - width, -1, -width)])

    # ---------------------------------------------------------------- bytes

    def read_bytes(self, n: int) -> bytes:
        """n bytes."""
        pos = self._pos
        stop = pos + n
        if n <= 0:
            if n < 0:
                raise InvalidArgumentError(f"requested invalid {n} amount of bytes")
            self._bits_left = 0
            return b""
        if stop > self._end:
            raise self.lacking(n)
        self._pos = stop
        return self._data[pos:stop]

    def read_bytes_full(self) -> bytes:
        """The bytes from here to the end."""
        self._bits_left = 0
        pos = self._pos
        if pos >= self._end:
            return b""
        self._pos = self._end
        return self._data[pos : self._end]

    def read_bytes_term(self, term: int, include_term: bool, consume_term: bool, eos_error: bool) -> bytes:
        """The bytes up to the next byte `term`."""
        pos = self._pos
        place = self._data.find(term, pos)
        if place < 0 or include_term or not consume_term:
            return self._terminated(bytes((term,)), place, include_term, consume_term, eos_error)
        self._bits_left = 0
        self._pos = place + 1
        return self._data[pos:place]

    def read_bytes_term_multi(self, term: bytes, include_term: bool, consume_term: bool, eos_error: bool) -> bytes:
        """The bytes up to the next `term` that stands at a multiple of its size from here."""
        return self._terminated(term, aligned_find(self._data, term, self._pos), include_term, consume_term, eos_error)

    def read_bytes_term_anywhere(self, term: bytes, include_term: bool, consume_term: bool, eos_error: bool) -> bytes:
        """The bytes up to the next `term`, at any place."""
        return self._terminated(term, self._data.find(term, self._pos), include_term, consume_term, eos_error)

    def read_stuffed(self, stuffing: Stuffing, end: bytes) -> bytes:
        """The bytes up to the next `end` that is not stuffed."""
        place, _ = stuffing.find_end(self._data, end, self._pos, self._end)
        return self._terminated(end, place, False, True, True)

    def _terminated(self, term: bytes, place: int, include: bool, consume: bool, eos_error: bool) -> bytes:
        pos = self._pos
        if place < 0 and eos_error:
            raise NoTerminatorFoundError(term, max(self._end - pos, 0) % len(term))
        self._bits_left = 0
        if place < 0:
            place = max(self._end, pos)
            self._pos = place
            return self._data[pos:place]
        after = place + len(term)
        self._pos = after if consume else place
        return self._data[pos : after if include else place]

    @staticmethod
    def bytes_terminate_multi(data: bytes, term: bytes, include_term: bool) -> bytes:
        """`data` cut at the first `term` that stands at a multiple of its size."""
        place = aligned_find(data, term, 0)
        return data if place < 0 else data[: place + len(term) if include_term else place]

    @staticmethod
    def bytes_terminate_anywhere(data: bytes, term: bytes, include_term: bool) -> bytes:
        """`data` cut at the first `term`, at any place."""
        place = data.find(term)
        return data if place < 0 else data[: place + len(term) if include_term else place]

    @staticmethod
    def process_xor_one(data: bytes, key: int) -> bytes:
        """`data` with every byte combined with `key` by exclusive or."""
        return data.translate(bytes(byte ^ key for byte in range(256))) if data else b""

    @staticmethod
    def process_xor_many(data: bytes, key: bytes) -> bytes:
        """`data` combined with the repeated `key` by exclusive or."""
        size = len(data)
        if not size or not key:
            return b""
        stream = (key * (size // len(key) + 1))[:size]
        return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")

    @staticmethod
    def process_rotate_left(data: bytes, amount: int, group_size: int) -> bytes:
        """`data` with the bits of each byte rotated left by `amount`."""
        if group_size != 1:
            raise InvalidArgumentError(f"unable to rotate groups of {group_size} bytes, only of 1")
        amount %= 8
        return data.translate(bytes((byte << amount | byte >> (8 - amount)) & 255 for byte in range(256)))


def _reader(unpack: Any, n: int, name: str, what: str) -> Any:
    """One `read_XX` method: a bounds check and one unpack."""

    def read(self: KaitaiStream) -> Any:
        pos = self._pos
        if self._end - pos < n:
            raise self.lacking(n)
        self._pos = pos + n
        return unpack(self._data, pos)[0]

    read.__name__ = name
    read.__qualname__ = f"KaitaiStream.{name}"
    read.__doc__ = what
    return read


for _name, _unpack, _size in (
    ("u2be", _U2BE, 2),
    ("u4be", _U4BE, 4),
    ("u8be", _U8BE, 8),
    ("u2le", _U2LE, 2),
    ("u4le", _U4LE, 4),
    ("u8le", _U8LE, 8),
    ("s2be", _S2BE, 2),
    ("s4be", _S4BE, 4),
    ("s8be", _S8BE, 8),
    ("s2le", _S2LE, 2),
    ("s4le", _S4LE, 4),
    ("s8le", _S8LE, 8),
    ("f4be", _F4BE, 4),
    ("f8be", _F8BE, 8),
    ("f4le", _F4LE, 4),
    ("f8le", _F8LE, 8),
):
    setattr(KaitaiStream, f"read_{_name}", _reader(_unpack, _size, f"read_{_name}", f"A {_name} number."))


def aligned_find(data: Any, term: bytes, start: int, stop: int | None = None) -> int:
    """Where `term` first stands in data[:stop] at a multiple of its size from `start`; -1 if nowhere."""
    unit = len(term)
    place = data.find(term, start, stop)
    while place >= 0 and (place - start) % unit:
        place = data.find(term, place + 1, stop)
    return place  # type: ignore[no-any-return]


def _contents(io: Any) -> tuple[bytes, int, Any]:
    """The bytes of what Kaitai's runtime would wrap, the position in it, and the file to close."""
    if isinstance(io, bytearray | memoryview):
        return bytes(io), 0, None
    if isinstance(io, KaitaiStream):
        return io._data, io._pos, io._file
    if isinstance(io, kaitaistruct.KaitaiStream):
        io = io._io
    if isinstance(io, BytesIO):
        return io.getvalue(), io.tell(), io
    position = io.tell()
    io.seek(0)
    data = io.read()
    io.seek(position)
    return data, position, io


def as_stream(io: Any) -> KaitaiStream:
    """`io` itself if it is a stream of ours, else one over its bytes."""
    return io if isinstance(io, KaitaiStream) else KaitaiStream(io)


class Numbers:
    """Unpackers of lists of one kind of number, by their count; those of up to seven are kept."""

    __slots__ = ("_form", "few", "size")

    def __init__(self, order: str, letter: str) -> None:
        self._form = order, letter
        self.few = [self.many(count) for count in range(8)]
        self.size = struct.calcsize(order + letter)

    def many(self, count: int) -> Any:
        """The unpacker of a list of `count` numbers."""
        order, letter = self._form
        return struct.Struct(f"{order}{count}{letter}").unpack_from


class Run:
    """A run of fixed-size fields, read by one unpack.

    fields: (attribute, struct letter, bytes) in order; for the bit fields of one unit instead of the attribute the
    pairs (attribute, bits), and after the bytes their bit order.  `short` is called where the stream ends inside the
    run: it sets the fields that are there, as reading one after the other would, and raises at the one that is cut.
    """

    __slots__ = ("_fields", "_order", "size", "unpack", "unpack_all")

    def __init__(self, order: str, *fields: tuple[Any, ...]) -> None:
        packer = struct.Struct(order + "".join(field[1] for field in fields))
        self.unpack = packer.unpack_from
        #: The values of one run after the other, in bytes that hold so many whole ones.
        self.unpack_all = packer.iter_unpack
        self.size = packer.size
        self._order = order
        self._fields = fields

    def short(self, target: Any, io: KaitaiStream) -> None:
        """Set what is there on `target`, then raise `EndOfStreamError`."""
        for name, letter, size, *bit_order in self._fields:
            if bit_order:
                read = io.read_bits_int_be if bit_order[0] == "be" else io.read_bits_int_le
                for part, width in name:
                    setattr(target, part, read(width))
                continue
            pos = io._pos
            if io._end - pos < size:
                raise io.lacking(size)
            io._pos = pos + size
            setattr(target, name, struct.unpack_from(self._order + letter, io._data, pos)[0])
        raise AssertionError("the run was not short")
