"""Fletcher's checksum over bytes (modulo 255; modulo 256 as RFC 1145 and UBX do) and Adler's (RFC 1950, section 8.2).

All are two sums: a of the bytes, b of a after each byte.  The value is b above a.  For n more bytes with sums (a', b'),
a becomes a + a' and b becomes b + n*a + b': so pieces join, and so a stretch follows from the states at its ends.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import accumulate

from sigflow.checksums.algorithm import Algorithm, Buffer

_HALF = 16  # states and parts hold b << 16 | a, whatever the width of the value
_LOW = (1 << _HALF) - 1


@dataclass(frozen=True, slots=True)
class PairRanges:
    """The range form.  modulus: of both sums.  bits: of each in the value.  first: what a begins with."""

    modulus: int
    bits: int
    first: int = 0
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


def _fletcher(name: str, modulus: int) -> Algorithm:
    def compute(data: Buffer) -> int:
        return sum(accumulate(data)) % modulus << 8 | sum(data) % modulus

    def update(state: int, data: Buffer) -> int:
        a, b = state & 255, state >> 8
        return (b + len(data) * a + sum(accumulate(data))) % modulus << 8 | (a + sum(data)) % modulus

    return Algorithm(name, 16, compute, update, range_form=lambda: PairRanges(modulus, 8))


def _update_adler(state: int, data: Buffer) -> int:
    return zlib.adler32(data, state)


FLETCHER_16 = _fletcher("fletcher-16", 255)
FLETCHER_16_MOD256 = _fletcher("fletcher-16-mod256", 256)
ADLER_32 = Algorithm("adler-32", 32, zlib.adler32, _update_adler, 1, int, lambda: PairRanges(65521, 16, 1))
