"""Kernel code: sums and exclusive or of bytes, Fletcher and Adler, and the checksums over 16-bit words.

pair: two sums, a of the bytes and b of a after each byte.  A state is b << 32 | a; both are below the modulus.
words: the bytes are taken in twos, an odd last one with a zero behind it, that is, as half of a word that the next
bytes complete.  Of the Internet checksum a state is total << 1 | odd, the total being exact; of Fletcher-32 it is
b << 32 | a << 1 | odd with both sums modulo 65535.  odd says that half a word stands at the end.

Prefix states begin with 0.
"""

from __future__ import annotations

from typing import Any

from sigflow.runtime.native import u1, u2be, u2le

#: Places in P.
SUM_MASK = 0
PAIR_MODULUS, PAIR_BITS, PAIR_FIRST = 0, 1, 2
WORDS_FLETCHER = 0

SUM_LOW = 0xFFFFFFFF
#: Bytes or words whose weighed sum stays far below 2**63.
SUM_CHUNK = 1 << 20


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


def pair_begin(P: Any) -> Any:
    return P[PAIR_FIRST]


def pair_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    modulus = P[PAIR_MODULUS]
    first, second = state & SUM_LOW, state >> 32
    while a < b:
        stop = min(b, a + SUM_CHUNK)
        second += (stop - a) * first
        for at in range(a, stop):
            first += u1(data, at)
            second += (stop - at) * u1(data, at)
        first %= modulus
        second %= modulus
        a = stop
    return second << 32 | first


def pair_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    return state >> 32 << P[PAIR_BITS] | state & SUM_LOW


def pair_advance(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return pair_update(state, data, a, b, P, T)


def pair_over(state: Any, low: Any, high: Any, size: Any, P: Any, T: Any) -> Any:
    modulus, first = P[PAIR_MODULUS], state & SUM_LOW
    second = (state >> 32) + (high >> 32) - (low >> 32) + size * (first - (low & SUM_LOW))
    return second % modulus << 32 | (first + (high & SUM_LOW) - (low & SUM_LOW)) % modulus


def words_begin(P: Any) -> Any:
    return 0


def words_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return fletcher_32_update(state, data, a, b) if P[WORDS_FLETCHER] else internet_update(state, data, a, b)


def words_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    if P[WORDS_FLETCHER]:
        return state >> 32 << 16 | (state & SUM_LOW) >> 1
    total = state >> 1
    # Modulo 65535 the sums 0 and 65535 are one; the folded sum is 0 only where every byte is.
    return 65535 - (total % 65535 or (65535 if total else 0))


def internet_update(state: Any, data: Any, a: Any, b: Any) -> Any:
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


def fletcher_32_update(state: Any, data: Any, a: Any, b: Any) -> Any:
    first, second, odd = (state & SUM_LOW) >> 1, state >> 32, state & 1
    if odd and a < b:
        first += 256 * u1(data, a)
        second += 256 * u1(data, a)
        a += 1
        odd = 0
    while b - a >= 2:
        words = min((b - a) // 2, SUM_CHUNK)
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
