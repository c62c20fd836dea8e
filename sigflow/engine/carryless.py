"""CRCs by carry-less multiplication, in place of the functions of the same names in `crc_kernels`.

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

from collections.abc import Callable, Mapping
from typing import Any

from numba import njit

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
)
from sigflow.engine.vectors import (
    added,
    high,
    high_high,
    high_low,
    load_pair,
    load_wide,
    low,
    low_high,
    low_low,
    masked,
    multiplied,
    pair_of,
    shuffled,
    spread_over,
    widened,
    xor,
)


def kernels(words: int, reads: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, object]:
    """The functions by name, with vectors of 2, 4 or 8 words.  reads: the compiled readers.  options: of `njit`."""
    u1, bytes_reversed = reads["u1"], reads["bytes_reversed"]
    wide = 8 * words
    load, spread, begun_with = load_wide(words), spread_over(words), widened(words)
    compiled: Callable[[Callable[..., Any]], Any] = njit(**options)

    @compiled
    def powers(distance: Any) -> Any:
        """Where the pair of this distance stands in T; behind it stand those of 16, 32 and more bytes less."""
        return 8 * 256 * CRC_BLOCKS + 16 * ((distance & 15) * (CRC_PAIRS // 16) + CRC_PAIRS // 16 - 1 - (distance >> 4))

    @compiled
    def reduced(product: Any, P: Any) -> Any:
        """The register that is a product modulo the polynomial."""
        barrett = load_pair(P, 8 * CRC_BARRETT)
        if P[CRC_REFLECTED]:
            quotient = low_low(product, barrett)
            return high(xor(product, low_high(quotient, barrett))) ^ (low(quotient) & P[CRC_UNIT])
        quotient = xor(product, high_low(product, barrett))
        return bytes_reversed(low(xor(product, high_high(quotient, barrett))))

    @compiled
    def folded(first: Any, orders: Any, data: Any, a: Any, stop: Any, behind: Any, T: Any) -> Any:
        """The products of `first` and data[a:stop], whole strides that end `behind` bytes before the end."""
        w = xor(begun_with(first), shuffled(load(data, a), orders))
        x = shuffled(load(data, a + wide), orders)
        y = shuffled(load(data, a + 2 * wide), orders)
        z = shuffled(load(data, a + 3 * wide), orders)
        factor = spread(load_pair(T, powers(4 * wide + 8)))
        for at in range(a + 4 * wide, stop, 4 * wide):
            w = xor(multiplied(w, factor), shuffled(load(data, at), orders))
            x = xor(multiplied(x, factor), shuffled(load(data, at + wide), orders))
            y = xor(multiplied(y, factor), shuffled(load(data, at + 2 * wide), orders))
            z = xor(multiplied(z, factor), shuffled(load(data, at + 3 * wide), orders))
        z = xor(z, multiplied(w, spread(load_pair(T, powers(3 * wide + 8)))))
        z = xor(z, multiplied(x, spread(load_pair(T, powers(2 * wide + 8)))))
        z = xor(z, multiplied(y, spread(load_pair(T, powers(wide + 8)))))
        return multiplied(z, load(T, powers(behind + wide)))

    @compiled
    def crc_update(state: Any, data: Any, a: Any, b: Any, P: Any, T: Any) -> Any:
        if b < 16 or a >= b:  # no block of 16 bytes ends there
            while a < b:
                state = (state >> 8 & CRC_BEHIND_8) ^ T[0, (state ^ u1(data, a)) & 255]
                a += 1
            return state
        order = load_pair(P, 8 * CRC_ORDER)
        first = shuffled(pair_of(state, 0), order)
        if b - a < wide:
            product = multiplied(first, load_pair(T, powers(b - a)))
        else:
            orders = spread(order)
            behind = (b - a) % (4 * wide)
            if b - a < 4 * wide:
                products = begun_with(multiplied(first, load_pair(T, powers(b - a))))
            else:
                products = folded(first, orders, data, a, b - behind, behind, T)
                a = b - behind
            while b - a >= wide:
                products = xor(products, multiplied(shuffled(load(data, a), orders), load(T, powers(b - a))))
                a += wide
            product = added(products)
        while b - a >= 16:
            product = xor(product, multiplied(shuffled(load_pair(data, a), order), load_pair(T, powers(b - a))))
            a += 16
        tail = masked(load_pair(data, b - 16), load_pair(P, 8 * CRC_TAIL + b - a))
        return reduced(xor(product, multiplied(shuffled(tail, order), load_pair(T, powers(16)))), P)

    @compiled
    def crc_moved(state: Any, size: Any, P: Any, T: Any) -> Any:
        order = load_pair(P, 8 * CRC_ORDER)
        row = CRC_POWERS
        while size > 0:
            if size & 255:
                factor = T[row, size & 255]
                state = reduced(multiplied(shuffled(pair_of(state, 0), order), pair_of(factor, factor)), P)
            size >>= 8
            row += 1
        return state

    return {"crc_update": crc_update, "crc_moved": crc_moved}
