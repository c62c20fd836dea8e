"""Checksums over 16-bit words: the Internet checksum (RFC 1071) and Fletcher-32.

The Internet checksum takes big-endian words, Fletcher-32 little-endian ones, as is usual; an odd last byte is followed
by a zero.  Words make the range form harder than that of sums of bytes: a stretch may begin at an odd position.  So the
states sum the bytes at even and at odd positions apart, and which of them are the low ones is settled at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from struct import unpack
from typing import Any

from sigflow.checksums.algorithm import Algorithm, Buffer, Native
from sigflow.reads import u1, u2be, u2le

_M = 65535
_HALF_OF_M = 32768  # the inverse of 2 modulo 65535

#: Of the native forms: the low half of a state, and words whose weighed sum stays far below 2**63.
WORDS_LOW = 0xFFFFFFFF
WORDS_CHUNK = 1 << 20

#: Over the bytes at even and at odd positions: their sum, and the sum of position times byte; and the sum of all bytes.
WordSums = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class WordRanges:
    """The range form; `final` makes the value of a part and its size."""

    final: Callable[[WordSums, int], int]
    start: int = 0
    compact: bool = False

    def advance(self, state: int, data: Buffer, at: int) -> int:
        """The sums up to behind `data`."""
        sums = _unpacked(state)
        for position, byte in enumerate(data, at):
            odd = position & 1
            sums[odd] += byte
            sums[2 + odd] += position * byte
            sums[4] += byte
        return _packed(sums)

    def between(self, low: int, high: int, at: int, stop: int) -> WordSums:
        """The sums of the bytes between two positions, counted from the first."""
        first, second = _unpacked(low), _unpacked(high)
        even, odd, even_at, odd_at, total = (b - a for a, b in zip(first, second, strict=True))
        return _moved((even, odd, even_at, odd_at, total), -at)

    def join(self, left: WordSums, left_size: int, right: WordSums, right_size: int) -> WordSums:
        """The sums of both stretches."""
        moved = _moved(right, left_size)
        even, odd, even_at, odd_at, total = (a + b for a, b in zip(left, moved, strict=True))
        return (even, odd, even_at, odd_at, total)

    def value(self, part: WordSums, size: int) -> int:
        """What `final` makes of it."""
        return self.final(part, size)


def _packed(sums: list[int]) -> int:
    """Five sums in one integer: four of 16 bits, above them the sum of all bytes, which is exact."""
    return sums[0] % _M | sums[1] % _M << 16 | sums[2] % _M << 32 | sums[3] % _M << 48 | sums[4] << 64


def _unpacked(state: int) -> list[int]:
    return [state & _M, state >> 16 & _M, state >> 32 & _M, state >> 48 & _M, state >> 64]


def _moved(part: WordSums, by: int) -> WordSums:
    """The same bytes at positions that are larger by `by`."""
    even, odd, even_at, odd_at, total = part
    even_at, odd_at = even_at + by * even, odd_at + by * odd
    return (odd, even, odd_at, even_at, total) if by & 1 else (even, odd, even_at, odd_at, total)


def _internet_of(part: WordSums, size: int) -> int:
    total = (256 * part[0] + part[1]) % _M
    # Modulo 65535 the sums 0 and 65535 are one; the folded sum is 0 only where every byte is.
    return ~(total or (_M if part[4] else 0)) & 0xFFFF


def _fletcher_32_of(part: WordSums, size: int) -> int:
    even, odd, even_at, odd_at, _ = part
    words = (size + 1) // 2
    a = even + 256 * odd
    weighed = (even_at + 256 * (odd_at - odd)) * _HALF_OF_M  # each word times its number
    return (words * a - weighed) % _M << 16 | a % _M


def internet(data: Buffer) -> int:
    """The ones' complement of the ones' complement sum of big-endian words."""
    # 65536 is 1 modulo 65535, so the number that the bytes spell has the remainder of the sum of its words.
    number = int.from_bytes(data, "big") << (8 if len(data) & 1 else 0)
    return ~(number % _M or (_M if number else 0)) & 0xFFFF


def fletcher_32(data: Buffer) -> int:
    """Fletcher's checksum of little-endian words, modulo 65535."""
    words: tuple[int, ...] = unpack(f"<{(len(data) + 1) // 2}H", bytes(data) + b"\0" if len(data) & 1 else data)
    return sum(accumulate(words)) % _M << 16 | sum(words) % _M


def _append(state: bytes, data: Buffer) -> bytes:
    """A word may be cut by the end of a piece, so pieces are put together."""
    return state + bytes(data)


# ---------------------------------------------------------------- native
#
# An odd last byte is half of a word that the next bytes complete; `odd` says that one stands at the end.  Of the
# Internet checksum a state is total << 1 | odd, the total being exact; of Fletcher-32 it is b << 32 | a << 1 | odd with
# both sums modulo 65535.


def internet_begin(P: Any) -> Any:
    return 0


def internet_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    total = state >> 1
    if state & 1 and a < b:
        total += u1(data, a)
        a += 1
        state = 0
    words = (b - a) // 2
    for n in range(words):
        total += u2be(data, a + 2 * n)
    if a + 2 * words < b:
        return (total + 256 * u1(data, b - 1)) << 1 | 1
    return total << 1 | state & 1


def internet_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    total = state >> 1
    # Modulo 65535 the sums 0 and 65535 are one; the folded sum is 0 only where every byte is.
    return 65535 - (total % 65535 or (65535 if total else 0))


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

_NATIVE_INTERNET = Native("internet", (internet_begin, internet_update, internet_finish))
_NATIVE_FLETCHER = Native("fletcher_32", (fletcher_32_begin, fletcher_32_update, fletcher_32_finish))
ALGORITHMS = (
    Algorithm(
        "internet", 16, internet, _append, b"", internet, lambda: WordRanges(_internet_of),
        native=_NATIVE_INTERNET, check=0xF62A,
    ),
    Algorithm(
        "fletcher-32", 32, fletcher_32, _append, b"", fletcher_32, lambda: WordRanges(_fletcher_32_of),
        native=_NATIVE_FLETCHER, check=0xDF09D509,
    ),
)  # fmt: skip
