"""Sums and XORs of words: of bytes modulo 2**8, 2**16 and 2**32, the LRC of ISO 1155 and Modbus ASCII (the two's
complement of the sum of bytes), the Internet checksum (RFC 1071), the XOR of bytes, and any with parameters.

A word is 1, 2 or 4 bytes, in either order; what an odd tail lacks counts as zeros.  A sum begins with `init`.  Without
carry it is taken modulo 2**width; with an end-around carry what leaves at the top comes in at the bottom, which is the
sum modulo 2**width - 1, but 0 only where nothing was added.  Then comes a complement, then a mask.

Strategy.  A byte counts by its place in its word alone, so a stretch is summed up by one sum, or XOR, for each place in
a word, and two stretches join once the places of the second are turned by the size of the first.  No loop in Python
runs over the bytes.
"""

from __future__ import annotations

from functools import lru_cache
from struct import unpack
from typing import Any

from sigflow.checksums.algorithm import MOST, Algorithm, Buffer, Native
from sigflow.errors import UsageError
from sigflow.frozen import frozen
from sigflow.reads import u1, u2be, u2le, u4be, u4le

#: The words that may be summed: their bytes, and whether the lowest comes first.
WORDS = {"u1": (1, True), "u2le": (2, True), "u2be": (2, False), "u4le": (4, True), "u4be": (4, False)}
CARRIES = ("none", "end-around")
COMPLEMENTS = ("none", "ones", "twos")
WIDTHS = (8, 16, 32)

#: Places in P of the native forms: bits of the sum; 1 where the carry comes around; 0, 1 or 2 for the complement; what
#: it begins with; the mask; bytes of a word, and whether the lowest comes first.
SUM_WIDTH, SUM_CARRY, SUM_COMPLEMENT, SUM_INIT, SUM_MASK, SUM_WORD, SUM_LITTLE = 0, 1, 2, 3, 4, 5, 6
#: Where totals with a carry are folded, so that they stay far below 2**63.
SUM_HIGH = 1 << 48

#: The words that may be combined, by the bits of the value: their bytes, and whether the lowest comes first.
XOR_WORDS = {8: {"u1": (1, True)}, 16: {"u2be": (2, False), "u2le": (2, True)}}

#: Places in P of the native forms: what a value is combined with at the end, and whether the lowest byte comes first.
XOR_INIT, XOR_LITTLE = 0, 1


#: Of a stretch: the sum of the bytes at each place of a word.
Places = tuple[int, ...]


@frozen
class _Sum:
    """How a total becomes the value."""

    width: int
    size: int
    little: bool
    carry: bool
    complement: str
    init: int
    mask: int

    def value(self, total: int) -> int:
        """The value of a total, without what it begins with."""
        total += self.init
        top = (1 << self.width) - 1
        total = ((total - 1) % top + 1 if total else 0) if self.carry else total & top
        if self.complement != "none":
            total = (~total if self.complement == "ones" else -total) & top
        return total & self.mask

    def weight(self, place: int) -> int:
        """How far a byte at this place of a word is shifted to the left."""
        return 8 * (place if self.little else self.size - 1 - place)

    def words(self, data: Buffer) -> int:
        """The sum of the words of the data, the first of which begins with it."""
        if self.size == 1:
            return sum(data)
        lacking = -len(data) % self.size
        if self.carry and self.width == 8 * self.size:
            # 2**width is 1 modulo 2**width - 1, so the number that the bytes spell leaves what its words do.
            number = int.from_bytes(data, "little" if self.little else "big") << (0 if self.little else 8 * lacking)
            top = (1 << self.width) - 1
            return (number - 1) % top + 1 if number else 0
        whole = bytes(data) + bytes(lacking) if lacking else data
        letter = "H" if self.size == 2 else "I"
        numbers: tuple[int, ...] = unpack(f"{'<' if self.little else '>'}{len(whole) // self.size}{letter}", whole)
        return sum(numbers)


@frozen
class SumRanges:
    """The range form.  A state has 64 bits for each place of a word, a part is `Places`."""

    sums: _Sum
    start: int = 0
    compact: bool = False

    def advance(self, state: int, data: Buffer, at: int) -> int:
        """The sums up to behind `data`."""
        size = self.sums.size
        if size == 1:
            return state + sum(data)
        for place in range(size):
            state += sum(data[(place - at) % size :: size]) << 64 * place
        return state

    def between(self, low: int, high: int, at: int, stop: int) -> Places:
        """The sums of the bytes between two positions, counted from the first."""
        size, difference = self.sums.size, high - low
        lanes = [difference >> 64 * place & (1 << 64) - 1 for place in range(size)]
        return tuple(lanes[(place + at) % size] for place in range(size))

    def join(self, left: Places, left_size: int, right: Places, right_size: int) -> Places:
        """The sums of both stretches."""
        size = self.sums.size
        return tuple(mine + right[(place - left_size) % size] for place, mine in enumerate(left))

    def value(self, part: Places, size: int) -> int:
        """What the words add up to."""
        return self.sums.value(sum(lane << self.sums.weight(place) for place, lane in enumerate(part)))


def xor(data: Buffer, size: int = 1) -> int:
    """The exclusive or of all little-endian words of so many bytes, a power of two."""
    value = int.from_bytes(data, "little")
    length = len(data)
    while length > size:  # the upper half onto the lower
        half = -(-length // (2 * size)) * size
        value = (value >> 8 * half) ^ (value & ((1 << 8 * half) - 1))
        length = half
    return value


def _turned(value: int, size: int, by: int) -> int:
    """The bytes of a word moved up by so many places, those at the top to the bottom."""
    by = 8 * (by % size)
    return (value << by | value >> 8 * size - by) & (1 << 8 * size) - 1


@frozen
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
# Of bytes, a state is their exact sum.  Of words, it is total << 2 | how many bytes of the last word were entered; the
# sums of all places would not fit into one number, so words have no prefix states here.
#
# Of an XOR of bytes, a state is their XOR.  Of words, it is the XOR of little-endian words, turned so that the next
# byte always meets the lowest: so a prefix state needs no position.


def sum_begin(P: Any) -> Any:
    return 0


def sum_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    for at in range(a, b):
        state += u1(data, at)
    return state


def sum_value(total: Any, P: Any) -> Any:
    total += P[SUM_INIT]
    top = (1 << P[SUM_WIDTH]) - 1
    if P[SUM_CARRY]:
        total = (total - 1) % top + 1 if total else 0
    if P[SUM_COMPLEMENT] == 1:
        total = ~total
    elif P[SUM_COMPLEMENT] == 2:
        total = -total
    return total & top & P[SUM_MASK]


def sum_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    return sum_value(state, P)


def sum_advance(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return sum_update(state, data, a, b, P, T)


def sum_over(state: Any, low: Any, high: Any, size: Any, P: Any, T: Any) -> Any:
    return state + high - low


def wordsum_begin(P: Any) -> Any:
    return 0


def wordsum_weight(place: Any, P: Any) -> Any:
    return 8 * (place if P[SUM_LITTLE] else P[SUM_WORD] - 1 - place)


def wordsum_folded(total: Any, P: Any) -> Any:
    """The total, made small; only one of zeros is 0 with a carry."""
    if total < SUM_HIGH:
        return total
    if P[SUM_CARRY]:
        return (total - 1) % ((1 << P[SUM_WIDTH]) - 1) + 1
    return total & (1 << P[SUM_WIDTH]) - 1


def wordsum_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    total, place = state >> 2, state & 3
    size = P[SUM_WORD]
    while place and a < b:
        total += u1(data, a) << wordsum_weight(place, P)
        a += 1
        place = (place + 1) % size
    words = (b - a) // size
    if size == 2:
        if P[SUM_LITTLE]:
            for n in range(words):
                total += u2le(data, a + 2 * n)
        else:
            for n in range(words):
                total += u2be(data, a + 2 * n)
    elif P[SUM_LITTLE]:
        for n in range(words):
            total += u4le(data, a + 4 * n)
    else:
        for n in range(words):
            total += u4be(data, a + 4 * n)
    a += size * words
    while a < b:
        total += u1(data, a) << wordsum_weight(place, P)
        a += 1
        place += 1
    return wordsum_folded(total, P) << 2 | place


def wordsum_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    return sum_value(state >> 2, P)


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

_SUM_OF_BYTES = (sum_begin, sum_update, sum_finish, sum_advance, sum_over)
_SUM_OF_WORDS = (wordsum_begin, wordsum_update, wordsum_finish)


def _sum(
    name: str,
    width: int,
    word: str = "u1",
    carry: str = "none",
    complement: str = "none",
    init: int = 0,
    mask: int | None = None,
    check: int | None = None,
) -> Algorithm:
    size, little = WORDS[word]
    mask = (1 << width) - 1 if mask is None else mask
    sums = _Sum(width, size, little, carry == "end-around", complement, init, mask)

    def compute(data: Buffer) -> int:
        return sums.value(sums.words(data))

    def update(state: tuple[int, int], data: Buffer) -> tuple[int, int]:
        total, place = state
        lacking = min(-place % size, len(data))  # (what completes the last word)
        for byte in data[:lacking]:
            total += byte << sums.weight(place)
            place += 1
        rest = data[lacking:] if lacking else data
        return total + sums.words(rest), (place + len(rest)) % size

    def finish(state: tuple[int, int]) -> int:
        return sums.value(state[0])

    def compute_bytes(data: Buffer) -> int:
        return sum(data) & mask

    def update_bytes(state: int, data: Buffer) -> int:
        return state + sum(data)

    parameters = (width, int(sums.carry), COMPLEMENTS.index(complement), init, mask, size, int(little))
    ranges = SumRanges(sums, compact=size == 1)
    if size > 1:
        native = Native("wordsum", _SUM_OF_WORDS, parameters)
        return Algorithm(
            name, mask.bit_length(), compute, update, (0, 0), finish, lambda: ranges, native=native, check=check
        )
    native = Native("sum", _SUM_OF_BYTES, parameters)
    of_bytes = compute_bytes if parameters[1:4] == (0, 0, 0) else compute
    return Algorithm(
        name, mask.bit_length(), of_bytes, update_bytes, 0, sums.value, lambda: ranges, native=native, check=check
    )


@lru_cache(maxsize=MOST)
def sum_by_parameters(width: int, word: str, carry: str, complement: str, init: int, mask: int | None) -> Algorithm:
    """The sum with these parameters; `UsageError` for bad ones."""
    for what, value, known in (
        ("width", width, WIDTHS),
        ("word", word, WORDS),
        ("carry", carry, CARRIES),
        ("complement", complement, COMPLEMENTS),
    ):
        if value not in known:
            raise UsageError(f"a sum's {what} is one of {', '.join(map(str, known))}, got {value}")
    for what, number in (("init", init), ("mask", 1 if mask is None else mask)):
        if not (what == "mask") <= number < 1 << width:
            raise UsageError(f"a sum of {width} bits: {what} {number:#x} does not fit into them")
    written = {"word": word, "carry": carry, "complement": complement, "init": init, "mask": mask}
    usual = {"word": "u1", "carry": "none", "complement": "none", "init": 0, "mask": None}
    parts = [
        f"{key}={value:#x}" if isinstance(value, int) else f"{key}={value}"
        for key, value in written.items()
        if value != usual[key]
    ]
    name = " ".join([f"sum-{width}", *parts])
    return _sum(name, width, word, carry, complement, init, mask)


_XOR_OF_BYTES = (xor_begin, xor_update, xor_finish, xor_advance, xor_over)
_XOR_OF_WORDS = (wordxor_begin, wordxor_update, wordxor_finish, wordxor_advance, wordxor_over)


def _xor(name: str, width: int, word: str, init: int = 0, check: int | None = None) -> Algorithm:
    size, little = XOR_WORDS[width][word]
    ranges = XorRanges(size, little, init)

    def compute(data: Buffer) -> int:
        return ranges.value(xor(data, size), 0)

    def update(state: tuple[int, int], data: Buffer) -> tuple[int, int]:
        value, place = state
        return value ^ _turned(xor(data, size), size, place), (place + len(data)) % size

    def finish(state: tuple[int, int]) -> int:
        return ranges.value(state[0], 0)

    def compute_bytes(data: Buffer) -> int:
        return xor(data) ^ init

    def update_bytes(state: int, data: Buffer) -> int:
        return state ^ xor(data)

    def finish_bytes(state: int) -> int:
        return state ^ init

    if size > 1:
        native = Native("wordxor", _XOR_OF_WORDS, (init, int(little)))
        return Algorithm(name, width, compute, update, (0, 0), finish, lambda: ranges, native=native, check=check)
    native = Native("xor", _XOR_OF_BYTES, (init, 1))
    return Algorithm(
        name, width, compute_bytes, update_bytes, 0, finish_bytes, lambda: ranges, native=native, check=check
    )


@lru_cache(maxsize=MOST)
def xor_by_parameters(width: int, word: str, init: int) -> Algorithm:
    """The XOR with these parameters; `UsageError` for bad ones."""
    if width not in XOR_WORDS:
        raise UsageError(f"an XOR's width is one of {', '.join(map(str, XOR_WORDS))}, got {width}")
    if word not in XOR_WORDS[width]:
        raise UsageError(f"the word of an XOR of {width} bits is one of {', '.join(XOR_WORDS[width])}, got {word}")
    if not 0 <= init < 1 << width:
        raise UsageError(f"an XOR of {width} bits: init {init:#x} does not fit into them")
    name = f"xor-{width}{f' word={word}' if width > 8 else ''}{f' init={init:#x}' if init else ''}"
    return _xor(name, width, word, init)


XOR_8 = _xor("xor-8", 8, "u1", check=0x31)
ALGORITHMS = (
    XOR_8,
    _sum("sum-8", 8, check=0xDD),
    _sum("sum-16", 16, check=0x1DD),
    _sum("sum-32", 32, check=0x1DD),
    _sum("lrc", 8, complement="twos", check=0x23),
    _sum("internet", 16, "u2be", "end-around", "ones", check=0xF62A),
)
