"""XOR of bytes, and their sums modulo 2**8, 2**16 and 2**32.

Both fold big integers or call `sum`, so that no loop in Python runs over the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sigflow.checksums.algorithm import Algorithm, Buffer, Native
from sigflow.reads import u1

#: The place in P of the native sum.
SUM_MASK = 0


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


# ---------------------------------------------------------------- native


def sum_begin(P: Any) -> Any:
    return 0


def sum_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    for at in range(a, b):
        state += u1(data, at)
    return state & P[SUM_MASK]


def sum_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    return state


def sum_advance(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return sum_update(state, data, a, b, P, T)


def sum_over(state: Any, low: Any, high: Any, size: Any, P: Any, T: Any) -> Any:
    return (state + high - low) & P[SUM_MASK]


def xor_begin(P: Any) -> Any:
    return 0


def xor_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    for at in range(a, b):
        state ^= u1(data, at)
    return state


def xor_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    return state


def xor_advance(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return xor_update(state, data, a, b, P, T)


def xor_over(state: Any, low: Any, high: Any, size: Any, P: Any, T: Any) -> Any:
    return state ^ low ^ high


# ---------------------------------------------------------------- the algorithms

_NATIVE_XOR = Native("xor", (xor_begin, xor_update, xor_finish, xor_advance, xor_over))
_NATIVE_SUM = (sum_begin, sum_update, sum_finish, sum_advance, sum_over)


def _sum(width: int, check: int) -> Algorithm:
    mask = (1 << width) - 1

    def compute(data: Buffer) -> int:
        return sum(data) & mask

    def update(state: int, data: Buffer) -> int:
        return state + sum(data) & mask

    native = Native("sum", _NATIVE_SUM, (mask,))
    return Algorithm(
        f"sum-{width}", width, compute, update, range_form=lambda: SumRanges(mask), native=native, check=check
    )


def _update_xor(state: int, data: Buffer) -> int:
    return state ^ xor(data)


XOR_8 = Algorithm("xor-8", 8, xor, _update_xor, range_form=XorRanges, native=_NATIVE_XOR, check=0x31)
ALGORITHMS = (XOR_8, _sum(8, 0xDD), _sum(16, 0x1DD), _sum(32, 0x1DD))
