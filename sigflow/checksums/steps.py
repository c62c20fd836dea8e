"""CRCs one byte at a time, forward and back: what finds the byte of a message that would make its checksum right.

Strategy.  A register that takes in a byte reversibly can be run forward from the start of the data and backward from
the value that is stored.  Where both meet but for one byte, that byte follows from the two registers at once; so all
places of a message are tried in one walk.  CRCs are such, and pairs of sums (Fletcher, Adler).  A plain sum or XOR is,
too, but any byte anywhere makes it right, so it says nothing about places and is not offered.

A register is an integer, of the form that suits the steps; `entered` makes one of a checksum's value.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sigflow.checksums.algorithm import MOST, ByteSteps


class _Tabled:
    """What both kinds of CRC keep.  State: a table of registers by byte, and the byte by what tells its register."""

    def __init__(self, width: int, start: int, turned: bool, xorout: int, table: list[int], told: int) -> None:
        """turned: whether values leave in the other order of bits.  told: where the byte of an entry begins that no
        other entry has.
        """
        self.width = width
        self.start = start
        self._top = width - 8
        self._turned = turned
        self._xorout = xorout
        self._table = table
        self._index = [0] * 256
        for byte, register in enumerate(table):
            self._index[register >> told & 255] = byte

    def entered(self, value: int) -> int:
        """The register that leaves with this value."""
        register = value ^ self._xorout
        return _mirror(register, self.width) if self._turned else register


class Mirrored(_Tabled):
    """A CRC that takes in the lowest bit first."""

    def __init__(self, width: int, poly: int, init: int, refout: bool, xorout: int) -> None:
        mirrored, table = _mirror(poly, width), []
        for byte in range(256):
            register = byte
            for _ in range(8):
                register = register >> 1 ^ (mirrored if register & 1 else 0)
            table.append(register)
        super().__init__(width, _mirror(init, width), not refout, xorout, table, width - 8)

    def forward(self, register: int, data: bytes) -> list[int]:
        """See `ByteSteps`."""
        table, registers = self._table, [register]
        for byte in data:
            register = table[(register ^ byte) & 255] ^ register >> 8
            registers.append(register)
        return registers

    def back(self, register: int, data: bytes) -> list[int]:
        """See `ByteSteps`."""
        table, index, top, registers = self._table, self._index, self._top, [register]
        for byte in reversed(data):
            entry = index[register >> top]
            register = (register ^ table[entry]) << 8 | entry ^ byte
            registers.append(register)
        registers.reverse()
        return registers

    def between(self, before: Sequence[int], behind: Sequence[int]) -> list[tuple[int, int]]:
        """See `ByteSteps`."""
        table, index, top = self._table, self._index, self._top
        return [
            (i, index[(b ^ a >> 8) >> top] ^ a & 255)
            for i, (a, b) in enumerate(zip(before, behind, strict=True))
            if table[index[(b ^ a >> 8) >> top]] == b ^ a >> 8
        ]


class Straight(_Tabled):
    """A CRC that takes in the highest bit first."""

    def __init__(self, width: int, poly: int, init: int, refout: bool, xorout: int) -> None:
        self._mask, table = (1 << width) - 1, []
        for byte in range(256):
            register = byte << width - 8
            for _ in range(8):
                register = (register << 1 ^ (poly if register >> width - 1 else 0)) & self._mask
            table.append(register)
        super().__init__(width, init, refout, xorout, table, 0)

    def forward(self, register: int, data: bytes) -> list[int]:
        """See `ByteSteps`."""
        table, top, mask, registers = self._table, self._top, self._mask, [register]
        for byte in data:
            register = table[register >> top ^ byte] ^ register << 8 & mask
            registers.append(register)
        return registers

    def back(self, register: int, data: bytes) -> list[int]:
        """See `ByteSteps`."""
        table, index, top, registers = self._table, self._index, self._top, [register]
        for byte in reversed(data):
            entry = index[register & 255]
            register = (register ^ table[entry]) >> 8 | (entry ^ byte) << top
            registers.append(register)
        registers.reverse()
        return registers

    def between(self, before: Sequence[int], behind: Sequence[int]) -> list[tuple[int, int]]:
        """See `ByteSteps`."""
        table, index, top, mask = self._table, self._index, self._top, self._mask
        return [
            (i, index[(b ^ a << 8) & 255] ^ a >> top)
            for i, (a, b) in enumerate(zip(before, behind, strict=True))
            if table[index[(b ^ a << 8) & 255]] == b ^ a << 8 & mask
        ]


def _mirror(value: int, width: int) -> int:
    return int(f"{value:0{width}b}"[::-1], 2)


@lru_cache(maxsize=MOST)
def crc_steps(width: int, poly: int, init: int, refin: bool, refout: bool, xorout: int) -> ByteSteps | None:
    """The steps of a CRC; None where no place can be told by them."""
    if width < 8 or not poly & 1:
        return None  # a register that is shorter than a byte forgets, and so does one without the last term
    return (Mirrored if refin else Straight)(width, poly, init, refout, xorout)
