"""Fletcher's checksum over bytes (modulo 255; modulo 256 as RFC 1145 and UBX do) and Adler's (RFC 1950, section 8.2).

All are two sums: a of the bytes, b of a after each byte.  The value is b above a.  For n more bytes with sums (a', b'),
a becomes a + a' and b becomes b + n*a + b': so pieces join, and so a stretch follows from the states at its ends.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from sigflow.checksums.algorithm import Algorithm, Buffer, Native
from sigflow.frozen import frozen
from sigflow.reads import u1

_HALF = 16  # states and parts hold b << 16 | a, whatever the width of the value
_LOW = (1 << _HALF) - 1

#: Places in P of the native form.
PAIR_MODULUS, PAIR_BITS, PAIR_FIRST = 0, 1, 2
PAIR_LOW = 0xFFFFFFFF
#: Bytes whose weighed sum stays far below 2**63.
PAIR_CHUNK = 1 << 20


@frozen
class PairRanges:
    """The range form.  modulus: of both sums.  bits: of each in the value.  first: what a begins with."""

    modulus: int
    bits: int
    first: int
    start: int = 0
    compact: bool = True

    def advance(self, state: int, data: Buffer, at: int) -> int:
        """The two sums up to behind `data`."""
        a, b = state & _LOW, state >> _HALF
        b += len(data) * a + sum(accumulate(data))
        a += sum(data)
        return b % self.modulus << _HALF | a % self.modulus

    def between(self, low: int, high: int, at: int, stop: int) -> int:
        """The two sums of the bytes between two positions."""
        a, b = low & _LOW, low >> _HALF
        return ((high >> _HALF) - b - (stop - at) * a) % self.modulus << _HALF | ((high & _LOW) - a) % self.modulus

    def join(self, left: int, left_size: int, right: int, right_size: int) -> int:
        """The two sums of both stretches."""
        a, b = left & _LOW, left >> _HALF
        b += right_size * a + (right >> _HALF)
        return b % self.modulus << _HALF | (a + (right & _LOW)) % self.modulus

    def value(self, part: int, size: int) -> int:
        """b above a, with what a begins with."""
        a, b = (part & _LOW) + self.first, (part >> _HALF) + size * self.first
        return b % self.modulus << self.bits | a % self.modulus


class PairSteps:
    """Two sums: a of the bytes, b of a after each byte.  A register is b << bits | a, and so is the value."""

    def __init__(self, modulus: int, bits: int, first: int) -> None:
        self.width = 2 * bits
        self.start = first
        self._modulus = modulus
        self._bits = bits
        self._low = (1 << bits) - 1

    def entered(self, value: int) -> int:
        """The register that leaves with this value."""
        return value

    def forward(self, register: int, data: bytes) -> list[int]:
        """See `ByteSteps`."""
        modulus, bits, registers = self._modulus, self._bits, [register]
        a, b = register & self._low, register >> bits
        for byte in data:
            a = (a + byte) % modulus
            b = (b + a) % modulus
            registers.append(b << bits | a)
        return registers

    def back(self, register: int, data: bytes) -> list[int]:
        """See `ByteSteps`."""
        modulus, bits, registers = self._modulus, self._bits, [register]
        a, b = register & self._low, register >> bits
        for byte in reversed(data):
            b = (b - a) % modulus
            a = (a - byte) % modulus
            registers.append(b << bits | a)
        registers.reverse()
        return registers

    def between(self, before: Sequence[int], behind: Sequence[int]) -> list[tuple[int, int]]:
        """See `ByteSteps`."""
        modulus, bits, low = self._modulus, self._bits, self._low
        places = []
        for i, (register, following) in enumerate(zip(before, behind, strict=True)):
            a = following & low
            byte = (a - (register & low)) % modulus
            if byte < 256 and ((register >> bits) + a) % modulus == following >> bits:
                places.append((i, byte))
        return places


# ---------------------------------------------------------------- native
#
# A state is b << 32 | a; both are below the modulus.


def pair_begin(P: Any) -> Any:
    return P[PAIR_FIRST]


def pair_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    modulus = P[PAIR_MODULUS]
    first, second = state & PAIR_LOW, state >> 32
    while a < b:
        stop = min(b, a + PAIR_CHUNK)
        second += (stop - a) * first
        for at in range(a, stop):
            first += u1(data, at)
            second += (stop - at) * u1(data, at)
        first %= modulus
        second %= modulus
        a = stop
    return second << 32 | first


def pair_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    return state >> 32 << P[PAIR_BITS] | state & PAIR_LOW


def pair_advance(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return pair_update(state, data, a, b, P, T)


def pair_over(state: Any, low: Any, high: Any, size: Any, P: Any, T: Any) -> Any:
    modulus, first = P[PAIR_MODULUS], state & PAIR_LOW
    second = (state >> 32) + (high >> 32) - (low >> 32) + size * (first - (low & PAIR_LOW))
    return second % modulus << 32 | (first + (high & PAIR_LOW) - (low & PAIR_LOW)) % modulus


# ---------------------------------------------------------------- the algorithms


def _algorithm(
    name: str,
    sums: tuple[int, int, int],
    compute: Callable[[Buffer], int],
    update: Callable[[int, Buffer], int],
    check: int,
) -> Algorithm:
    """sums: modulus, bits of each, and what a begins with."""
    return Algorithm(
        name,
        2 * sums[1],
        compute,
        update,
        sums[2],
        range_form=lambda: PairRanges(*sums),
        step_form=lambda: PairSteps(*sums),
        native=Native("pair", (pair_begin, pair_update, pair_finish, pair_advance, pair_over), sums),
        check=check,
    )


def _fletcher(name: str, modulus: int, check: int) -> Algorithm:
    def compute(data: Buffer) -> int:
        return sum(accumulate(data)) % modulus << 8 | sum(data) % modulus

    def update(state: int, data: Buffer) -> int:
        a, b = state & 255, state >> 8
        return (b + len(data) * a + sum(accumulate(data))) % modulus << 8 | (a + sum(data)) % modulus

    return _algorithm(name, (modulus, 8, 0), compute, update, check)


def _update_adler(state: int, data: Buffer) -> int:
    return zlib.adler32(data, state)


ALGORITHMS = (
    _fletcher("fletcher-16", 255, 0x1EDE),
    _fletcher("fletcher-16-mod256", 256, 0x15DD),
    _algorithm("adler-32", (65521, 16, 1), zlib.adler32, _update_adler, 0x091E01DE),
)
