"""What an emitted `_native_measure` calls: plain functions over a buffer of bytes and integers.

They are written so that they mean the same uncompiled and compiled: every number is an int64, `data` is a
one-dimensional uint8 array, and nothing raises, allocates, or has a default.  A number of 64 unsigned bits comes as
its two's complement.  Who calls has made sure that the bytes are there; a byte range is data[start:stop], and one that
ends before it begins counts as empty.
"""

from __future__ import annotations

from typing import Any

# An emitted measure reads with all of these.
from sigflow.reads import (  # noqa: F401
    s1,
    s2be,
    s2le,
    s4be,
    s4le,
    s8be,
    s8le,
    u1,
    u2be,
    u2le,
    u4be,
    u4le,
    u8be,
    u8le,
)
from sigflow.runtime.box import BOX_LAYOUTS, BOX_PARAMETERS, BOX_WORDS

# ---------------------------------------------------------------- kernel code

#: `_native_measure` lacks bytes.
NEED = 0
#: `_native_measure` cannot decide with int64 arithmetic: the Python measure does.
BAILOUT = -1000

# ---------------------------------------------------------------- numbers


def parameter(box: Any, number: int) -> int:
    """A number of the preamble, by its place among those that the measure reads."""
    return int(box[BOX_PARAMETERS + number])


def bits_be(data: Any, at: int, skipped: int, width: int) -> int:
    """The `width` bits, 63 at most, that follow the first `skipped` ones from data[at] on, high bits first."""
    value, left, place = 0, width, skipped
    while left > 0:
        there = min(8 - (place & 7), left)
        byte = u1(data, at + (place >> 3)) >> 8 - (place & 7) - there
        value = value << there | byte & (1 << there) - 1
        left -= there
        place += there
    return value


def bits_le(data: Any, at: int, skipped: int, width: int) -> int:
    """The same, low bits first."""
    value, done = 0, 0
    while done < width:
        place = skipped + done
        there = min(8 - (place & 7), width - done)
        byte = u1(data, at + (place >> 3)) >> (place & 7)
        value |= (byte & (1 << there) - 1) << done
        done += there
    return value


# ---------------------------------------------------------------- arithmetic that may leave int64


def sum_fits(left: int, right: int) -> bool:
    """Whether left + right is an int64."""
    if right >= 0:
        return left <= 0x7FFFFFFFFFFFFFFF - right
    return left >= -0x7FFFFFFFFFFFFFFF - 1 - right


def difference_fits(left: int, right: int) -> bool:
    """Whether left - right is an int64."""
    if right >= 0:
        return left >= -0x7FFFFFFFFFFFFFFF - 1 + right
    return left <= 0x7FFFFFFFFFFFFFFF + right


def product_fits(left: int, right: int) -> bool:
    """Whether left * right is an int64; where one of the three is the lowest one, the answer may be no all the same."""
    if left == -0x7FFFFFFFFFFFFFFF - 1 or right == -0x7FFFFFFFFFFFFFFF - 1:
        return left == 0 or right == 0
    return right == 0 or abs(left) <= 0x7FFFFFFFFFFFFFFF // abs(right)


# ---------------------------------------------------------------- searching


def find_byte(data: Any, start: int, stop: int, byte: int) -> int:
    """Where this byte first stands in a byte range; -1 if nowhere."""
    four = byte | byte << 8 | byte << 16 | byte << 24
    eight = ((four ^ 0x80000000) - 0x80000000) << 32 | four
    at = start
    while at + 8 <= stop:
        differs = u8le(data, at) ^ eight
        if (differs - 0x0101010101010101) & ~differs & -0x7F7F7F7F7F7F7F80:  # one of the eight bytes is zero
            break
        at += 8
    while at < stop and u1(data, at) != byte:
        at += 1
    return at if at < stop else -1


def stands(data: Any, at: int, size: int, first: int, rest: int) -> bool:
    """Whether a literal of up to 16 bytes stands at data[at].

    first: its first up to eight bytes as a big-endian number (two's complement, where they are eight); rest: the
    others.
    """
    head, number = min(size, 8), 0
    while number < head and data[at + number] == first >> 8 * (head - 1 - number) & 0xFF:
        number += 1
    while 8 <= number < size and data[at + number] == rest >> 8 * (size - 1 - number) & 0xFF:
        number += 1
    return number == size


def find_term(data: Any, start: int, stop: int, size: int, first: int, rest: int) -> int:
    """Where a literal (see `stands`) first stands in a byte range, at a multiple of its size from `start`; or -1."""
    for at in range(start, stop - size + 1, size):
        if stands(data, at, size, first, rest):
            return at
    return -1


def find_anywhere(data: Any, start: int, stop: int, size: int, first: int, rest: int) -> int:
    """Where a literal (see `stands`) first stands in a byte range; or -1."""
    for at in range(start, stop - size + 1):
        if stands(data, at, size, first, rest):
            return at
    return -1


def sync_inside(data: Any, start: int, term: int, within: int, end: int, size: int, first: int, rest: int) -> int:
    """Whether a marker (see `stands`) begins inside a run whose terminator stands at `term` (-1: not before
    `within`).

    1: yes.  -1: that is open, since the end of the buffer cuts what may be one.  0: no.
    """
    stop = min(term + size - 1, end) if term >= 0 else within
    for at in range(start, stop - size + 1):
        if stands(data, at, size, first, rest):
            return 1
    if term >= 0:
        for at in range(max(start, end - size + 1), term):
            left = end - at
            head = min(left, 8)
            whole = min(size, 8)
            tail = rest >> 8 * (size - max(left, 8)) if size > 8 else 0
            if stands(data, at, left, first >> 8 * (whole - head), tail):
                return -1
    return 0


def without_padding(data: Any, start: int, stop: int, byte: int) -> int:
    """The end of a byte range once the bytes `byte` at its end are taken off."""
    while stop > start and data[stop - 1] == byte:
        stop -= 1
    return stop


# ---------------------------------------------------------------- what bytes are


def lowest(data: Any, start: int, stop: int) -> int:
    """The smallest byte of a byte range; 256 where it is empty."""
    smallest = 256
    for at in range(start, stop):
        smallest = min(smallest, u1(data, at))
    return smallest


def highest(data: Any, start: int, stop: int) -> int:
    """The largest byte of a byte range; -1 where it is empty."""
    largest = -1
    for at in range(start, stop):
        largest = max(largest, u1(data, at))
    return largest


def is_ascii(data: Any, start: int, stop: int) -> bool:
    """Whether a byte range is ASCII."""
    bits = 0
    for at in range(start, stop):
        bits |= u1(data, at)
    return bits < 0x80


def is_utf8(data: Any, start: int, stop: int) -> bool:
    """Whether a byte range is UTF-8 (Unicode 15, table 3-7)."""
    at = start
    while at < stop:
        lead = u1(data, at)
        at += 1
        if lead < 0x80:
            continue
        more = 1 if 0xC2 <= lead <= 0xDF else 2 if 0xE0 <= lead <= 0xEF else 3 if 0xF0 <= lead <= 0xF4 else 0
        if more == 0 or at + more > stop:
            return False
        second = u1(data, at)
        low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
        high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
        if second < low or second > high:
            return False
        for number in range(1, more):
            if u1(data, at + number) & 0xC0 != 0x80:
                return False
        at += more
    return True


def letters_of_utf8(data: Any, start: int, stop: int) -> int:
    """How many letters a range of UTF-8 has."""
    count = 0
    for at in range(start, stop):
        if u1(data, at) & 0xC0 != 0x80:
            count += 1
    return count


def is_among(data: Any, start: int, stop: int, a: int, b: int, c: int, d: int) -> bool:
    """Whether every byte is in a set: bit n of a, b, c, d stands for the bytes n, 64 + n, 128 + n, 192 + n."""
    for at in range(start, stop):
        byte = u1(data, at)
        bits = a if byte < 64 else b if byte < 128 else c if byte < 192 else d
        if not bits >> (byte & 63) & 1:
            return False
    return True


def same(data: Any, start: int, stop: int, other: int, end: int) -> bool:
    """Whether two byte ranges, data[start:stop] and data[other:end], hold the same bytes."""
    size, number = stop - start, 0
    if size == end - other:
        while number < size and data[start + number] == data[other + number]:
            number += 1
    return number == size and size == end - other


def order_of(data: Any, start: int, stop: int, other: int, end: int) -> int:
    """-1, 0 or 1: data[start:stop] is smaller than, the same as, or greater than data[other:end]."""
    size, length = stop - start, end - other
    for number in range(min(size, length)):
        a, b = u1(data, start + number), u1(data, other + number)
        if a != b:
            return -1 if a < b else 1
    return -1 if size < length else 1 if size > length else 0


def order_to(data: Any, start: int, stop: int, length: int, first: int, rest: int) -> int:
    """The same of data[start:stop] and a literal (see `stands`)."""
    size, head = stop - start, min(length, 8)
    for number in range(min(size, length)):
        a = u1(data, start + number)
        b = (first >> 8 * (head - 1 - number) if number < 8 else rest >> 8 * (length - 1 - number)) & 0xFF
        if a != b:
            return -1 if a < b else 1
    return -1 if size < length else 1 if size > length else 0


def digits(data: Any, start: int, stop: int, base: int) -> int:
    """The number that a text of digits says.

    -1: it is none.  -2: not decided here (it has more digits than an int64 surely holds, or what Python's `int` may
    take besides digits: blanks, a sign, `_`, a prefix, digits of other scripts).
    """
    value, verdict = 0, 0
    for at in range(start, stop):
        byte = u1(data, at)
        digit = 99
        if 0x30 <= byte <= 0x39:
            digit = byte - 0x30
        elif 0x41 <= byte <= 0x5A:
            digit = byte - 0x37
        elif 0x61 <= byte <= 0x7A:
            digit = byte - 0x57
        elif byte <= 0x20 or byte >= 0x7F or byte in (0x2B, 0x2D, 0x5F):
            return -2
        if digit >= base and base != 10 and at == start + 1:
            return -2
        if digit >= base:
            verdict = -1
        elif value < 0x200000000000000:  # 2^57: times 36 it is an int64 still
            value = value * base + digit
        else:
            return -2
    return -1 if start >= stop else verdict if verdict < 0 else value


# ---------------------------------------------------------------- keys that must not come twice
#
# They are noted from BOX_LAYOUTS on, where the results come once the frame has been measured.


def seen_before(data: Any, box: Any, count: int, start: int, stop: int) -> int:
    """Whether data[start:stop] is among the `count` byte ranges that were noted; else it is noted.

    1: it is.  0: it was not.  -1: there is no room for one more.
    """
    for number in range(count):
        if same(data, start, stop, int(box[BOX_LAYOUTS + 2 * number]), int(box[BOX_LAYOUTS + 2 * number + 1])):
            return 1
    if count >= (BOX_WORDS - BOX_LAYOUTS) // 2:
        return -1
    box[BOX_LAYOUTS + 2 * count] = start
    box[BOX_LAYOUTS + 2 * count + 1] = stop
    return 0


def number_seen(box: Any, count: int, value: int) -> int:
    """The same of a number."""
    for number in range(count):
        if box[BOX_LAYOUTS + number] == value:
            return 1
    if count >= BOX_WORDS - BOX_LAYOUTS:
        return -1
    box[BOX_LAYOUTS + count] = value
    return 0
