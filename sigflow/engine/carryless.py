"""Kernel code: CRCs by carry-less multiplication, in place of the functions of the same names in `crc_kernels`.

After Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ" (Intel, 2009), with one change.
A block of 16 bytes that begins d bytes before the end of the data is two words A, B, and adds

    A * x**(8 * d) + B * x**(8 * d - 64)

to the register.  Both powers, modulo the polynomial, stand in T as the pair of d; the products are 127 bits long, and
only their sum is reduced.  So the blocks do not wait for each other, and none is shorter than 16 bytes: the last is
read from 16 bytes before the end, and what came before is masked away (CRC_TAIL).  The register at first is a block,
too: its word A, over all the data.  A wide vector is blocks side by side, and so are their pairs in T.  Data longer
than the pairs reach is first folded into four wide vectors, each of them multiplied at every stride such that it stands
for the same one stride further on.

Words are in the order that `crc_kernels` explains.  For a CRC that is not reflected the bytes of each block are
reversed (CRC_ORDER), and with them the pairs in T, so that a product is in the order of its factors.

The reduction is Barrett's: the high word times the inverse of the polynomial (CRC_BARRETT) is the quotient, and this
times the polynomial (behind the inverse) takes the high word away.  Each of them may have one term more than a word
has bits.  Reflected, it is the polynomial's x**0, and CRC_UNIT is -1 where that is 1; else it is x**64 of both, which
is always 1.
"""

from __future__ import annotations

from typing import Any

from sigflow.engine.crc_kernels import (
    CRC_BARRETT,
    CRC_BEHIND_8,
    CRC_BLOCKS,
    CRC_ORDER,
    CRC_PAIRS,
    CRC_POWERS,
    CRC_REFLECTED,
    CRC_TAIL,
    CRC_UNIT,
    bytes_reversed,
)
from sigflow.engine.vectors import (
    added_up,
    and_words,
    high_high,
    high_low,
    high_word,
    low_high,
    low_low,
    low_word,
    multiplied,
    pair_at,
    pair_of,
    shuffled,
    spread,
    widened,
    words_at,
    xor_words,
)
from sigflow.reads import u1

# ---------------------------------------------------------------- kernel code

#: The words of a wide vector, 2, 4 or 8: whoever compiles this says how many the processor multiplies at a time.
CRC_WORDS = 2
CRC_WIDE = 8 * CRC_WORDS


def crc_pairs(distance: Any) -> Any:
    """Where the pair of this distance stands in T; behind it stand those of 16, 32 and more bytes less."""
    return 8 * 256 * CRC_BLOCKS + 16 * ((distance & 15) * (CRC_PAIRS // 16) + CRC_PAIRS // 16 - 1 - (distance >> 4))


def crc_reduced(product: Any, P: Any) -> Any:
    """The register that is a product modulo the polynomial."""
    barrett = pair_at(P, 8 * CRC_BARRETT)
    if P[CRC_REFLECTED]:
        quotient = low_low(product, barrett)
        return high_word(xor_words(product, low_high(quotient, barrett))) ^ (low_word(quotient) & P[CRC_UNIT])
    quotient = xor_words(product, high_low(product, barrett))
    return bytes_reversed(low_word(xor_words(product, high_high(quotient, barrett))))


def crc_folded(first: Any, orders: Any, data: Any, a: Any, stop: Any, behind: Any, T: Any) -> Any:
    """The products of `first` and data[a:stop], whole strides that end `behind` bytes before the end."""
    w = xor_words(widened(first, CRC_WORDS), shuffled(words_at(data, a, CRC_WORDS), orders))
    x = shuffled(words_at(data, a + CRC_WIDE, CRC_WORDS), orders)
    y = shuffled(words_at(data, a + 2 * CRC_WIDE, CRC_WORDS), orders)
    z = shuffled(words_at(data, a + 3 * CRC_WIDE, CRC_WORDS), orders)
    factor = spread(pair_at(T, crc_pairs(4 * CRC_WIDE + 8)), CRC_WORDS)
    for at in range(a + 4 * CRC_WIDE, stop, 4 * CRC_WIDE):
        w = xor_words(multiplied(w, factor), shuffled(words_at(data, at, CRC_WORDS), orders))
        x = xor_words(multiplied(x, factor), shuffled(words_at(data, at + CRC_WIDE, CRC_WORDS), orders))
        y = xor_words(multiplied(y, factor), shuffled(words_at(data, at + 2 * CRC_WIDE, CRC_WORDS), orders))
        z = xor_words(multiplied(z, factor), shuffled(words_at(data, at + 3 * CRC_WIDE, CRC_WORDS), orders))
    z = xor_words(z, multiplied(w, spread(pair_at(T, crc_pairs(3 * CRC_WIDE + 8)), CRC_WORDS)))
    z = xor_words(z, multiplied(x, spread(pair_at(T, crc_pairs(2 * CRC_WIDE + 8)), CRC_WORDS)))
    z = xor_words(z, multiplied(y, spread(pair_at(T, crc_pairs(CRC_WIDE + 8)), CRC_WORDS)))
    return multiplied(z, words_at(T, crc_pairs(behind + CRC_WIDE), CRC_WORDS))


def crc_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
    if b < 16 or a >= b:  # no block of 16 bytes ends there
        while a < b:
            state = (state >> 8 & CRC_BEHIND_8) ^ T[0, (state ^ u1(data, a)) & 255]
            a += 1
        return state
    order = pair_at(P, 8 * CRC_ORDER)
    first = shuffled(pair_of(state, 0), order)
    if b - a < CRC_WIDE:
        product = multiplied(first, pair_at(T, crc_pairs(b - a)))
    else:
        orders = spread(order, CRC_WORDS)
        behind = (b - a) % (4 * CRC_WIDE)
        if b - a < 4 * CRC_WIDE:
            products = widened(multiplied(first, pair_at(T, crc_pairs(b - a))), CRC_WORDS)
        else:
            products = crc_folded(first, orders, data, a, b - behind, behind, T)
            a = b - behind
        while b - a >= CRC_WIDE:
            block = shuffled(words_at(data, a, CRC_WORDS), orders)
            products = xor_words(products, multiplied(block, words_at(T, crc_pairs(b - a), CRC_WORDS)))
            a += CRC_WIDE
        product = added_up(products)
    while b - a >= 16:
        product = xor_words(product, multiplied(shuffled(pair_at(data, a), order), pair_at(T, crc_pairs(b - a))))
        a += 16
    tail = and_words(pair_at(data, b - 16), pair_at(P, 8 * CRC_TAIL + b - a))
    return crc_reduced(xor_words(product, multiplied(shuffled(tail, order), pair_at(T, crc_pairs(16)))), P)


def crc_moved(state: Any, size: Any, P: Any, T: Any) -> Any:
    order = pair_at(P, 8 * CRC_ORDER)
    row = CRC_POWERS
    while size > 0:
        if size & 255:
            factor = T[row, size & 255]
            state = crc_reduced(multiplied(shuffled(pair_of(state, 0), order), pair_of(factor, factor)), P)
        size >>= 8
        row += 1
    return state
