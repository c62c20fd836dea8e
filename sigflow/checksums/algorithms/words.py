"""Fletcher-32: Fletcher's checksum over little-endian words of 16 bits; an odd last byte is followed by a zero.

Words make the range form harder than that of sums of bytes: a stretch may begin at an odd position.  So the states sum
the bytes at even and at odd positions apart, and which of them are the low ones is settled at the end.
"""

from __future__ import annotations

from itertools import accumulate
from struct import unpack
from typing import Any

from sigflow.checksums.algorithm import Algorithm, Buffer, Native
from sigflow.frozen import frozen
from sigflow.reads import u1, u2le

_M = 65535
_HALF_OF_M = 32768  # the inverse of 2 modulo 65535

#: Of the native forms: the low half of a state, and words whose weighed sum stays far below 2**63.
WORDS_LOW = 0xFFFFFFFF
WORDS_CHUNK = 1 << 20

#: Over the bytes at even and at odd positions: their sum, and the sum of position times byte; all modulo 65535.
WordSums = tuple[int, int, int, int]


@frozen
class WordRanges:
    """The range form."""

    start: int = 0
    compact: bool = True

    def advance(self, state: int, data: Buffer, at: int) -> int:
        """The sums up to behind `data`."""
        sums = _unpacked(state)
        for position, byte in enumerate(data, at):
            odd = position & 1
            sums[odd] += byte
            sums[2 + odd] += position * byte
        return sums[0] % _M | sums[1] % _M << 16 | sums[2] % _M << 32 | sums[3] % _M << 48

    def between(self, low: int, high: int, at: int, stop: int) -> WordSums:
        """The sums of the bytes between two positions, counted from the first."""
        even, odd, even_at, odd_at = (b - a for a, b in zip(_unpacked(low), _unpacked(high), strict=True))
        return _moved((even, odd, even_at, odd_at), -at)

    def join(self, left: WordSums, left_size: int, right: WordSums, right_size: int) -> WordSums:
        """The sums of both stretches."""
        even, odd, even_at, odd_at = (a + b for a, b in zip(left, _moved(right, left_size), strict=True))
        return (even, odd, even_at, odd_at)

    def value(self, part: WordSums, size: int) -> int:
        """The sum of the words' sums above that of the words."""
        even, odd, even_at, odd_at = part
        words = (size + 1) // 2
        a = even + 256 * odd
        weighed = (even_at + 256 * (odd_at - odd)) * _HALF_OF_M  # each word times its number
        return (words * a - weighed) % _M << 16 | a % _M


def _unpacked(state: int) -> list[int]:
    return [state & _M, state >> 16 & _M, state >> 32 & _M, state >> 48 & _M]


def _moved(part: WordSums, by: int) -> WordSums:
    """The same bytes at positions that are larger by `by`."""
    even, odd, even_at, odd_at = part
    even_at, odd_at = even_at + by * even, odd_at + by * odd
    return (odd, even, odd_at, even_at) if by & 1 else (even, odd, even_at, odd_at)


def fletcher_32(data: Buffer) -> int:
    """Fletcher's checksum of little-endian words, modulo 65535."""
    words: tuple[int, ...] = unpack(f"<{(len(data) + 1) // 2}H", bytes(data) + b"\0" if len(data) & 1 else data)
    return sum(accumulate(words)) % _M << 16 | sum(words) % _M


def _append(state: bytes, data: Buffer) -> bytes:
    """A word may be cut by the end of a piece, so pieces are put together."""
    return state + bytes(data)


# ---------------------------------------------------------------- native
#
# An odd last byte is half of a word that the next bytes complete; `odd` says that one stands at the end.  A state is
# b << 32 | a << 1 | odd with both sums modulo 65535.


def fletcher_32_begin(P: Any) -> Any:
    return 0


def fletcher_32_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    first, second, odd = (state & WORDS_LOW) >> 1, state >> 32, state & 1
    if odd and a < b:
        first += 256 * u1(data, a)
        second += 256 * u1(data, a)
        a += 1
        odd = 0
    while b - a >= 2:
        words = min((b - a) // 2, WORDS_CHUNK)
        second += words * first
        for n in range(words):
            first += u2le(data, a + 2 * n)
            second += (words - n) * u2le(data, a + 2 * n)
        first %= 65535
        second %= 65535
        a += 2 * words
    if a < b:
        first += u1(data, a)
        second += first
        odd = 1
    return second % 65535 << 32 | first % 65535 << 1 | odd


def fletcher_32_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    return state >> 32 << 16 | (state & WORDS_LOW) >> 1


# ---------------------------------------------------------------- the algorithms

_NATIVE_FLETCHER = Native("fletcher_32", (fletcher_32_begin, fletcher_32_update, fletcher_32_finish))
ALGORITHMS = (
    Algorithm(
        "fletcher-32", 32, fletcher_32, _append, b"", fletcher_32, WordRanges,
        native=_NATIVE_FLETCHER, check=0xDF09D509,
    ),
)  # fmt: skip
