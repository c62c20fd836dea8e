"""Stuffing undone: `sigflow.runtime.stuffing` as kernel code, into memory that the caller gives.

One kernel for each kind.  They take the stuffed bytes data[at:stop] and write the unit to U, which has room for as many
bytes; they give its size, or -1 where the bytes are nothing that stuffing gives.  M has a row for each format: what a
byte behind an escape means (-1: nothing), or the bytes of a mark that is doubled.
"""

# mypy: ignore-errors
# ruff: noqa: SIM110

from sigflow.engine.crc_kernels import bytes_below, wrapped
from sigflow.reads import u1, u8le

# ---------------------------------------------------------------- kernel code

#: How units are stuffed.
PLAIN = 0
ESCAPED = 1
DOUBLED = 2
COBS = 3
COBS_REDUCED = 4

#: The byte 1 eight times, and the byte 0x80.
ONES = 0x0101010101010101
TOPS = -0x7F7F7F7F7F7F7F80


def next_byte(data, at, stop, byte):
    """The first place in data[at:stop] where this byte stands; `stop` if there is none."""
    eight = wrapped(int(byte) * ONES)
    while stop - at >= 8:
        # A byte of x - ONES & ~x & TOPS is not 0 where that of x is 0; or above such a byte.
        x = u8le(data, at) ^ eight
        hits = wrapped((x - ONES & ~x) & TOPS)
        if hits != 0:
            return at + bytes_below(hits)
        at += 8
    while at < stop and u1(data, at) != byte:
        at += 1
    return at


def put8le(U, at, number):
    """Write eight bytes, little-endian, to U[at]."""
    for n in range(8):
        U[at + n] = number >> 8 * n & 0xFF
    return 0


def copied(data, at, stop, U, size):
    """Put data[at:stop] behind the first `size` bytes of U; gives how many it has then."""
    while stop - at >= 8:
        put8le(U, size, u8le(data, at))
        at += 8
        size += 8
    while at < stop:
        U[size] = data[at]
        at += 1
        size += 1
    return size


def unstuffed(kind, data, at, stop, U, k, mark_size, M):
    """Undo the stuffing of this kind, as format k has it."""
    if kind == ESCAPED:
        return unescaped(data, at, stop, U, k, mark_size, M)
    if kind == DOUBLED:
        return undoubled(data, at, stop, U, k, mark_size, M)
    if kind == PLAIN:
        return copied(data, at, stop, U, 0)
    return uncobs(data, at, stop, U, kind == COBS_REDUCED)


def unescaped(data, at, stop, U, k, mark, M):
    """A byte behind `mark` means what M says; here the mark stands in place of its size."""
    size = 0
    while True:
        place = next_byte(data, at, stop, mark)
        size = copied(data, at, place, U, size)
        if place == stop:
            return size
        if place + 1 == stop:
            return -1
        meant = M[k, u1(data, place + 1)]
        if meant < 0:
            return -1
        U[size] = meant
        size += 1
        at = place + 2


def mark_stands(data, at, stop, k, mark_size, M):
    """Whether the mark of format k stands at data[at]."""
    if at + mark_size > stop:
        return False
    for n in range(mark_size):
        if u1(data, at + n) != M[k, n]:
            return False
    return True


def undoubled(data, at, stop, U, k, mark_size, M):
    """A mark stands for itself where it is there twice, and nowhere alone."""
    size = 0
    while True:
        place = next_byte(data, at, stop, M[k, 0])
        size = copied(data, at, place, U, size)
        if place == stop:
            return size
        if not mark_stands(data, place, stop, k, mark_size, M):
            size = copied(data, place, place + 1, U, size)
            at = place + 1
            continue
        if not mark_stands(data, place + mark_size, stop, k, mark_size, M):
            return -1
        size = copied(data, place, place + mark_size, U, size)
        at = place + 2 * mark_size


def uncobs(data, at, stop, U, reduced):
    """Zeros are put back at the distances that the bytes before them tell."""
    size = 0
    if next_byte(data, at, stop, 0) < stop:
        return -1
    while at < stop:
        code = u1(data, at)
        behind = at + code
        if behind > stop:
            if not reduced:
                return -1
            size = copied(data, at + 1, stop, U, size)
            U[size] = code
            return size + 1
        size = copied(data, at + 1, behind, U, size)
        if code < 255 and behind < stop:
            U[size] = 0
            size += 1
        at = behind
    return size
