"""Vectors of 64-bit words in plain Python, and the few instructions on them that CRCs need.

A vector is a tuple of 2, 4 or 8 words in two's complement, the first that of the lowest address; a pair is a vector of
2.  Each function is one or two instructions of the processor, which `llvm/instructions.py` writes in its place.
"""

from __future__ import annotations

from typing import Any

from sigflow.engine.crc_kernels import wrapped

Words = tuple[int, ...]

_WORD = (1 << 64) - 1


def words_at(array: Any, at: int, count: int) -> Words:
    """The vector of so many words that stands at the byte `at` of an array of bytes or words."""
    size = array.itemsize
    first, stop = at // size, -(-(at + 8 * count) // size)
    raw = array.reshape(-1)[first:stop].tobytes()[at % size :]
    return tuple(int.from_bytes(raw[n : n + 8], "little", signed=True) for n in range(0, 8 * count, 8))


def pair_at(array: Any, at: int) -> Words:
    """The pair that stands there."""
    return words_at(array, at, 2)


def pair_of(low: int, high: int) -> Words:
    """The pair of two words."""
    return int(low), int(high)


def low_word(x: Words) -> int:
    """The first word."""
    return x[0]


def high_word(x: Words) -> int:
    """The second word."""
    return x[1]


def xor_words(x: Words, y: Words) -> Words:
    """Word by word."""
    return tuple(a ^ b for a, b in zip(x, y, strict=True))


def and_words(x: Words, y: Words) -> Words:
    """Word by word."""
    return tuple(a & b for a, b in zip(x, y, strict=True))


def shuffled(x: Words, order: Words) -> Words:
    """The bytes of each pair of x as the bytes of the pair in `order` say by number; one above 127 says 0."""
    words: list[int] = []
    for n in range(0, len(x), 2):
        source, places = _bytes_of(x[n : n + 2]), _bytes_of(order[n : n + 2])
        raw = bytes(0 if place & 0x80 else source[place & 15] for place in places)
        words += (int.from_bytes(raw[at : at + 8], "little", signed=True) for at in (0, 8))
    return tuple(words)


def _bytes_of(words: Words) -> bytes:
    return b"".join((word & _WORD).to_bytes(8, "little") for word in words)


def _product(a: int, b: int) -> Words:
    """The pair that is the product of two words without carries."""
    product, a, b = 0, a & _WORD, b & _WORD
    while b:
        product ^= a if b & 1 else 0
        a, b = a << 1, b >> 1
    return wrapped(product), wrapped(product >> 64)


def _products(x: Words, y: Words, first: int, second: int) -> Words:
    return tuple(word for n in range(0, len(x), 2) for word in _product(x[n + first], y[n + second]))


def low_low(x: Words, y: Words) -> Words:
    """In each pair, x.low * y.low."""
    return _products(x, y, 0, 0)


def high_low(x: Words, y: Words) -> Words:
    """In each pair, x.high * y.low."""
    return _products(x, y, 1, 0)


def low_high(x: Words, y: Words) -> Words:
    """In each pair, x.low * y.high."""
    return _products(x, y, 0, 1)


def high_high(x: Words, y: Words) -> Words:
    """In each pair, x.high * y.high."""
    return _products(x, y, 1, 1)


def multiplied(x: Words, y: Words) -> Words:
    """In each pair, x.low * y.low ^ x.high * y.high."""
    return xor_words(low_low(x, y), high_high(x, y))


def added_up(x: Words) -> Words:
    """The pairs of a vector added up bit by bit."""
    total = x[:2]
    for n in range(2, len(x), 2):
        total = xor_words(total, x[n : n + 2])
    return total


def spread(pair: Words, count: int) -> Words:
    """The vector of so many words that repeats the pair."""
    return pair * (count // 2)


def widened(pair: Words, count: int) -> Words:
    """The vector of so many words that begins with the pair, zeros behind it."""
    return (*pair, *[0] * (count - 2))
