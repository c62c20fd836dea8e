"""XOR of bytes, and of words of 2 bytes in either order, with any start value; what an odd tail lacks counts as zeros.

Strategy.  As for sums, a stretch is the XOR of the bytes at each place of a word, and so is a state.  Big integers are
folded, so that no loop in Python runs over the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from sigflow.checksums.algorithm import MOST, Algorithm, Buffer, Native
from sigflow.errors import UsageError
from sigflow.reads import u1, u2le

#: The words that may be combined, by the bits of the value: their bytes, and whether the lowest comes first.
WORDS = {8: {"u1": (1, True)}, 16: {"u2be": (2, False), "u2le": (2, True)}}

#: Places in P of the native forms: what a value is combined with at the end, and whether the lowest byte comes first.
XOR_INIT, XOR_LITTLE = 0, 1


class XorModel(Protocol):
    """The parameters of an XOR (`sigflow.runtime.XorParameters` is one)."""

    @property
    def width(self) -> int: ...
    @property
    def word(self) -> str: ...
    @property
    def init(self) -> int: ...


def xor(data: Buffer, size: int = 1) -> int:
    """The exclusive or of all little-endian words of so many bytes, a power of two."""
    value = int.from_bytes(data, "little")
    length = len(data)
    while length > size:  # the upper half onto the lower
        half = (length // 2 + size - 1) // size * size
        half = max(half, size)
        value = (value >> 8 * half) ^ (value & ((1 << 8 * half) - 1))
        length = max(half, length - half)
    return value


def _turned(value: int, size: int, by: int) -> int:
    """The bytes of a word moved up by so many places, those at the top to the bottom."""
    by = 8 * (by % size)
    return (value << by | value >> 8 * size - by) & (1 << 8 * size) - 1


@dataclass(frozen=True, slots=True)
class XorRanges:
    """The range form: a stretch is the difference of its ends, and XOR is its own difference.  States and parts are
    little-endian words.
    """

    size: int
    little: bool
    init: int
    start: int = 0
    compact: bool = True

    def advance(self, state: int, data: Buffer, at: int) -> int:
        """The XOR up to behind `data`."""
        return state ^ _turned(xor(data, self.size), self.size, at)

    def between(self, low: int, high: int, at: int, stop: int) -> int:
        """The XOR of the bytes between two positions, counted from the first."""
        return _turned(low ^ high, self.size, -at)

    def join(self, left: int, left_size: int, right: int, right_size: int) -> int:
        """The XOR of both."""
        return left ^ _turned(right, self.size, left_size)

    def value(self, part: int, size: int) -> int:
        """The part in the order of the words, combined with the start value."""
        return int.from_bytes(part.to_bytes(self.size, "little"), "little" if self.little else "big") ^ self.init


# ---------------------------------------------------------------- native
#
# Of bytes, a state is their XOR.  Of words, it is the XOR of little-endian words, turned so that the next byte always
# meets the lowest: so a prefix state needs no position.


def xor_begin(P: Any) -> Any:
    return 0


def xor_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    for at in range(a, b):
        state ^= u1(data, at)
    return state


def xor_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    return state ^ P[XOR_INIT]


def xor_advance(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return xor_update(state, data, a, b, P, T)


def xor_over(state: Any, low: Any, high: Any, size: Any, P: Any, T: Any) -> Any:
    return state ^ low ^ high


def wordxor_begin(P: Any) -> Any:
    return 0


def wordxor_turned(word: Any) -> Any:
    return word >> 8 | (word & 0xFF) << 8


def wordxor_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    words = (b - a) // 2
    for n in range(words):
        state ^= u2le(data, a + 2 * n)
    if a + 2 * words < b:
        state = wordxor_turned(state ^ u1(data, b - 1))
    return state


def wordxor_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    if size & 1:
        state = wordxor_turned(state)
    return (state if P[XOR_LITTLE] else wordxor_turned(state)) ^ P[XOR_INIT]


def wordxor_advance(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return wordxor_update(state, data, a, b, P, T)


def wordxor_over(state: Any, low: Any, high: Any, size: Any, P: Any, T: Any) -> Any:
    if size & 1:
        return wordxor_turned(state ^ low) ^ high
    return state ^ low ^ high


# ---------------------------------------------------------------- the algorithms

_OF_BYTES = (xor_begin, xor_update, xor_finish, xor_advance, xor_over)
_OF_WORDS = (wordxor_begin, wordxor_update, wordxor_finish, wordxor_advance, wordxor_over)


def _xor(name: str, width: int, word: str, init: int = 0, check: int | None = None) -> Algorithm:
    size, little = WORDS[width][word]
    ranges = XorRanges(size, little, init)

    def compute(data: Buffer) -> int:
        return ranges.value(xor(data, size), 0)

    def update(state: tuple[int, int], data: Buffer) -> tuple[int, int]:
        value, place = state
        return value ^ _turned(xor(data, size), size, place), (place + len(data)) % size

    def finish(state: tuple[int, int]) -> int:
        return ranges.value(state[0], 0)

    family, forms = ("xor", _OF_BYTES) if size == 1 else ("wordxor", _OF_WORDS)
    native = Native(family, forms, (init, int(little)))
    return Algorithm(name, width, compute, update, (0, 0), finish, lambda: ranges, native=native, check=check)


@lru_cache(maxsize=MOST)
def by_parameters(width: int, word: str, init: int) -> Algorithm:
    """The XOR with these parameters; `UsageError` for bad ones."""
    if width not in WORDS:
        raise UsageError(f"an XOR's width is one of {', '.join(map(str, WORDS))}, got {width}")
    if word not in WORDS[width]:
        raise UsageError(f"the word of an XOR of {width} bits is one of {', '.join(WORDS[width])}, got {word}")
    if not 0 <= init < 1 << width:
        raise UsageError(f"an XOR of {width} bits: init {init:#x} does not fit into them")
    name = f"xor-{width}{f' word={word}' if width > 8 else ''}{f' init={init:#x}' if init else ''}"
    return _xor(name, width, word, init)


XOR_8 = _xor("xor-8", 8, "u1", check=0x31)
ALGORITHMS = (XOR_8,)
