"""The numbers that the CRC kernels compute with, from the parameters of the Rocksoft model.

How registers and polynomials are coded, and what the places in P and the rows of T are for, is said in `crc_kernels`
and `carryless`.  Here a polynomial is an integer, the bit of x**n being bit n; all but the modulus are below x**64.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sigflow.engine import crc_kernels as places
from sigflow.engine.crc_kernels import bits_reversed, bytes_reversed, wrapped

if TYPE_CHECKING:
    import numpy as np

    from sigflow.checksums.crc import Model
    from sigflow.engine.sums import Ints

    Polynomials = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]

_ALL = (1 << 64) - 1
#: The bytes of a block by number, as a shuffle that changes nothing.
_AS_IT_IS = bytes(range(16))


@lru_cache(maxsize=64)
def crc_arrays(model: Model) -> tuple[Ints, Ints]:
    """P and T of the CRC of this model; its width is at most 64 bits."""
    import numpy as np

    width, poly, init, reflected, reflected_out, xorout = model
    low = poly << 64 - width
    first = init << 64 - width
    P = np.zeros(places.CRC_PLACES, np.int64)
    P[places.CRC_INIT] = bits_reversed(first) if reflected else bytes_reversed(first)
    P[places.CRC_REFLECTED] = reflected
    P[places.CRC_FLIPPED] = reflected != reflected_out
    P[places.CRC_DROPPED] = 0 if reflected_out else 64 - width
    P[places.CRC_MASK] = wrapped((1 << width) - 1)
    P[places.CRC_XOROUT] = wrapped(xorout)
    P[places.CRC_POLY] = bits_reversed(low) if reflected else wrapped(low)
    P[places.CRC_UNIT] = -(low & 1)
    quotient = _quotient(127 if reflected else 128, low)
    P[places.CRC_BARRETT] = bits_reversed(quotient) if reflected else wrapped(quotient & _ALL)
    P[places.CRC_BARRETT + 1] = wrapped(bits_reversed(low) << 1 | 1) if reflected else wrapped(low)
    order = _AS_IT_IS if reflected else _AS_IT_IS[::-1]
    P[places.CRC_ORDER : places.CRC_ORDER + 2] = np.frombuffer(order, np.int64)
    P[places.CRC_TAIL : places.CRC_TAIL + 4] = (0, 0, -1, -1)

    T = np.zeros((places.CRC_ROWS, 256), np.int64)
    T[: places.CRC_POWERS] = _slices(int(P[places.CRC_POLY]), reflected)
    multipliers = _multipliers(low, reflected)
    for row, found in enumerate(multipliers):
        T[places.CRC_POWERS + row] = found[:256]
    pairs = np.zeros((places.CRC_PAIRS, 2), np.int64)
    pairs[:, 0] = multipliers[0]
    pairs[8:, 1] = multipliers[0][:-8]
    pairs = pairs if reflected else pairs[:, ::-1]
    by_rest = pairs.reshape(-1, 16, 2)[::-1].transpose(1, 0, 2)
    T[places.CRC_BLOCKS :] = by_rest.reshape(-1, 256)
    P.flags.writeable = T.flags.writeable = False
    return P, T


def _quotient(exponent: int, low: int) -> int:
    """x**exponent divided by the modulus."""
    modulus = _ALL + 1 | low
    rest, quotient = 1 << exponent, 0
    for bit in reversed(range(exponent - 63)):
        if rest >> bit + 64 & 1:
            rest ^= modulus << bit
            quotient |= 1 << bit
    return quotient


def _slices(poly: int, reflected: bool) -> Ints:
    """The register behind each byte and 0 to 7 bytes of zero."""
    import numpy as np

    register = np.arange(256, dtype=np.uint64)
    if not reflected:
        register <<= np.uint64(56)
    code = np.uint64(poly & _ALL)
    for _ in range(8):
        if reflected:
            register = register >> np.uint64(1) ^ code * (register & np.uint64(1))
        else:
            register = register << np.uint64(1) ^ code * (register >> np.uint64(63))
    if not reflected:
        register = register.byteswap()
    slices = [register]
    while len(slices) < places.CRC_POWERS:
        register = register >> np.uint64(8) ^ slices[0][register & np.uint64(255)]
        slices.append(register)
    return np.array(slices).view(np.int64)


def _product(left: Polynomials, right: Polynomials, low: int) -> Polynomials:
    """The products of polynomials."""
    import numpy as np

    product, one, top = np.zeros_like(left), np.uint64(1), np.uint64(63)
    for bit in reversed(range(64)):
        chosen = left * np.bitwise_and(right >> np.uint64(bit), one)
        product = np.bitwise_xor(product << one, np.uint64(low) * (product >> top)) ^ chosen
    return product


def _powers(low: int) -> list[Polynomials]:
    """x**(8 * n * 256**k) for each row k; for n below 256, in row 0 for as many as there are pairs."""
    import numpy as np

    power, first = 1, []
    for _ in range(places.CRC_PAIRS):
        first.append(power)
        for _ in range(8):
            power = power << 1 & _ALL ^ low * (power >> 63)
    rows = [np.array(first, np.uint64)]
    while len(rows) < places.CRC_BLOCKS - places.CRC_POWERS:
        row = rows[-1][:256]
        for _ in range(8):
            row = _product(row, row, low)
        rows.append(row)
    return rows


def _multipliers(low: int, reflected: bool) -> list[Ints]:
    """The rows of powers as the kernels multiply by them; that of x**0 is not used."""
    import numpy as np

    rows = _powers(low)
    if not reflected:
        return [row.view(np.int64) for row in rows]
    found = []
    below = np.array([1 << 7], np.uint64)  # x**(8 * 256**k - 1)
    for row in rows:
        codes = np.concatenate([row[:1], _product(row[:-1], below, low)])
        found.append(_mirrored(codes).view(np.int64))
        below = _product(row[255:256], below, low)
    return found


def _mirrored(polynomials: Polynomials) -> Polynomials:
    """Each with its 64 bits in reverse."""
    import numpy as np

    for shift, mask in ((1, 0x5555555555555555), (2, 0x3333333333333333), (4, 0x0F0F0F0F0F0F0F0F)):
        by, kept = np.uint64(shift), np.uint64(mask)
        polynomials = polynomials >> by & kept | (polynomials & kept) << by
    return polynomials.byteswap()
