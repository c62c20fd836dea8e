"""Kernel code: CRCs of up to 64 bits, by sliced tables.

One form serves all CRCs.  A CRC of w bits is that of 64 bits whose polynomial is multiplied by x**(64 - w).  Its
register is kept as a 64-bit word in the order in which bytes are read: a reflected register as it is; one that is not,
aligned to the left and with its bytes reversed.  So the next byte of data always meets the register's lowest byte, and
eight bytes are entered by one little-endian read.

A state is this register.  Prefix states begin with 0 instead of the initial value; a part is what a stretch leaves of a
register of 0, and the initial value is moved over all bytes at the end.  Moving over n bytes multiplies by x**(8*n).

P and T are laid out as the constants below say; `crc_tables` fills them.  Slices: T[n][b] is the register behind byte b
and n bytes of zero.  Powers: T[CRC_POWERS + k][n] is x**(8 * n * 256**k) modulo the polynomial.  A reflected polynomial
has the bit of x**63 as its lowest, others that of x**0.  The product of two reflected words is one power of x too high,
so then the powers are one too low.

Where the processor multiplies without carry, `carryless` replaces crc_update and crc_moved.
"""

from __future__ import annotations

from typing import Any

from sigflow.reads import u1, u4le, u8le

# ---------------------------------------------------------------- kernel code

#: Places in P: the register at first, whether it is reflected, and how a value is made of one.
CRC_INIT, CRC_REFLECTED, CRC_FLIPPED, CRC_DROPPED, CRC_MASK, CRC_XOROUT = 0, 1, 2, 3, 4, 5
#: The code of the polynomial without its highest term.
CRC_POLY = 6
#: What only `carryless` reads, there explained: two numbers each from CRC_BARRETT and CRC_ORDER on, four from CRC_TAIL.
CRC_UNIT, CRC_BARRETT, CRC_ORDER, CRC_TAIL, CRC_PLACES = 7, 8, 10, 12, 16
#: Rows of T behind the slices; from CRC_BLOCKS on, CRC_PAIRS pairs of numbers.
CRC_POWERS, CRC_BLOCKS, CRC_ROWS = 8, 13, 16
CRC_PAIRS = 384

#: What is left of a two's complement number shifted right by 8, by 32, and by 1, when no sign follows.
CRC_BEHIND_8, CRC_LOW, CRC_BEHIND_1 = (1 << 56) - 1, (1 << 32) - 1, (1 << 63) - 1


def wrapped(x: Any) -> Any:
    """The low 64 bits of x, in two's complement; for a compiled function x itself."""
    return ((int(x) + (1 << 63)) & ((1 << 64) - 1)) - (1 << 63)


def bytes_reversed(x: Any) -> Any:
    """The 64-bit number with its bytes in reverse."""
    x, y = int(x), 0
    for _ in range(8):
        y = y << 8 | x & 255
        x >>= 8
    return wrapped(y)


def bytes_below(x: Any) -> Any:
    """How many bytes of a 64-bit number that is not 0 are 0 below the lowest that is not."""
    n = 0
    while not int(x) >> 8 * n & 255:
        n += 1
    return n


def bits_reversed(x: Any) -> Any:
    """The 64-bit number with its bits in reverse."""
    x, y = int(x), 0
    for _ in range(64):
        y = y << 1 | x & 1
        x >>= 1
    return wrapped(y)


def crc_begin(P: Any) -> Any:
    return P[CRC_INIT]


def crc_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return crc_tabled(state, data, a, b, T)


def crc_finish(state: Any, size: Any, P: Any, T: Any) -> Any:
    if not P[CRC_REFLECTED]:
        state = bytes_reversed(state)
    if P[CRC_FLIPPED]:
        state = bits_reversed(state)
    return (state >> P[CRC_DROPPED] & P[CRC_MASK]) ^ P[CRC_XOROUT]


def crc_advance(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    return crc_tabled(state, data, a, b, T)


def crc_fill(row: Any, count: Any, data: Any, a: Any, b: Any, T: Any) -> Any:
    """Add the states behind every 4 bytes of data[a:b] to the `count` in row; gives how many it has."""
    state = row[count - 1]
    while b - a >= 8:
        # Two at a time: only the second waits for the one before.
        x = state ^ u8le(data, a)
        row[count] = (state >> 32 & CRC_LOW) ^ crc_of_4(x, T)
        state = row[count + 1] = crc_of_8(x, T)
        count += 2
        a += 8
    if b - a >= 4:
        row[count] = (state >> 32 & CRC_LOW) ^ crc_of_4(state ^ u4le(data, a), T)
        count += 1
    return count


def crc_tabled(state: Any, data: Any, a: Any, b: Any, T: Any) -> Any:
    while b - a >= 8:
        state = crc_of_8(state ^ u8le(data, a), T)
        a += 8
    if a < b and b >= 8:  # as eight bytes that begin with zeros
        behind = 8 * (b - a)
        before = 64 - behind
        x = (state ^ u8le(data, b - 8) >> before) << before
        return crc_of_8(x, T) ^ (state >> 1 & CRC_BEHIND_1) >> behind - 1
    while a < b:
        state = (state >> 8 & CRC_BEHIND_8) ^ T[0, (state ^ u1(data, a)) & 255]
        a += 1
    return state


def crc_of_4(x: Any, T: Any) -> Any:
    """What four bytes leave, to which the low half of the register was added."""
    return T[3, x & 255] ^ T[2, x >> 8 & 255] ^ T[1, x >> 16 & 255] ^ T[0, x >> 24 & 255]


def crc_of_8(x: Any, T: Any) -> Any:
    """The register behind eight bytes, to which it was added."""
    low = T[7, x & 255] ^ T[6, x >> 8 & 255] ^ T[5, x >> 16 & 255] ^ T[4, x >> 24 & 255]
    return low ^ T[3, x >> 32 & 255] ^ T[2, x >> 40 & 255] ^ T[1, x >> 48 & 255] ^ T[0, x >> 56 & 255]


def crc_moved(state: Any, size: Any, P: Any, T: Any) -> Any:
    """The register behind `size` bytes of zero."""
    row = CRC_POWERS
    while size > 0:
        if size & 255:
            state = crc_times(state, T[row, size & 255], P)
        size >>= 8
        row += 1
    return state


def crc_times(state: Any, power: Any, P: Any) -> Any:
    """The register times a power of x."""
    product = 0
    if P[CRC_REFLECTED]:
        for _ in range(64):
            product ^= state & -(power & 1)
            product = (product >> 1 & CRC_BEHIND_1) ^ (P[CRC_POLY] & -(product & 1))
            power >>= 1
        return product
    state = bytes_reversed(state)
    for _ in range(64):
        product = wrapped(product << 1) ^ (P[CRC_POLY] & (product >> 63)) ^ (state & (power >> 63))
        power = wrapped(power << 1)
    return bytes_reversed(product)


def crc_over(state: Any, low: Any, high: Any, size: Any, P: Any, T: Any) -> Any:
    return crc_moved(state ^ low, size, P, T) ^ high
