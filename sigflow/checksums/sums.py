"""XOR and sums of bytes.

Both fold big integers or call `sum`, so that no loop in Python runs over the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from sigflow.checksums.algorithm import Algorithm, Buffer


def xor(data: Buffer) -> int:
    """The exclusive or of all bytes."""
    size = len(data)
    value = int.from_bytes(data, "little")
    while size > 1:  # the upper half onto the lower
        half = (size + 1) // 2
        value = (value >> 8 * half) ^ (value & ((1 << 8 * half) - 1))
        size = half
    return value


class XorRanges:
    """The range form of XOR: a stretch is the difference of its ends, and XOR is its own difference."""

    start = 0
    compact = True

    def advance(self, state: int, data: Buffer, at: int) -> int:
        """The XOR up to behind `data`."""
        return state ^ xor(data)

    def between(self, low: int, high: int, at: int, stop: int) -> int:
        """The XOR of the bytes between two positions."""
        return low ^ high

    def join(self, left: int, left_size: int, right: int, right_size: int) -> int:
        """The XOR of both."""
        return left ^ right

    def value(self, part: int, size: int) -> int:
        """The part is the value."""
        return part


@dataclass(frozen=True, slots=True)
class SumRanges:
    """The range form of a sum modulo mask + 1."""

    mask: int
    start: int = 0
    compact: bool = True

    def advance(self, state: int, data: Buffer, at: int) -> int:
        """The sum up to behind `data`."""
        return state + sum(data) & self.mask

    def between(self, low: int, high: int, at: int, stop: int) -> int:
        """The sum of the bytes between two positions."""
        return high - low & self.mask

    def join(self, left: int, left_size: int, right: int, right_size: int) -> int:
        """The sum of both."""
        return left + right & self.mask

    def value(self, part: int, size: int) -> int:
        """The part is the value."""
        return part


def _sum(width: int) -> Algorithm:
    mask = (1 << width) - 1

    def compute(data: Buffer) -> int:
        return sum(data) & mask

    def update(state: int, data: Buffer) -> int:
        return state + sum(data) & mask

    return Algorithm(f"sum-{width}", width, compute, update, range_form=lambda: SumRanges(mask))


def _update_xor(state: int, data: Buffer) -> int:
    return state ^ xor(data)


XOR_8 = Algorithm("xor-8", 8, xor, _update_xor, range_form=XorRanges)
#: Sums of bytes, modulo 2**8, 2**16 and 2**32.
SUM_8, SUM_16, SUM_32 = _sum(8), _sum(16), _sum(32)
