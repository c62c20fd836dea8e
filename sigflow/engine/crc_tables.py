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
    for row, powers in enumerate(multipliers):
        T[places.CRC_POWERS + row] = powers[:256]
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


def _multipliers(low: int, reflected: bool) -> list[Ints]:
    """The rows of powers as the kernels multiply by them, the first for as many bytes as there are pairs.

    Of reflected polynomials all are one power too low, and that of 0 bytes is no power at all; it is not used.
    """
    import numpy as np

    power, listed = (1 << 7, [0]) if reflected else (1, [])
    while len(listed) < 64 * 32 + 1:
        listed.append(power)
        for _ in range(8):
            power = power << 1 & _ALL ^ low * (power >> 63)
    powers = np.array(listed, np.uint64)
    # A row is the one before to the 256th power (times x**255, if reflected).  That is linear, so it is a sum of what
    # becomes of each x**n: x**(256 * n), or x**(256 * n + 255).
    images = powers[32::32] if reflected else powers[:-1:32]
    rows = [powers[: places.CRC_PAIRS]]
    while len(rows) < places.CRC_BLOCKS - places.CRC_POWERS:
        row = rows[-1][:256]
        rows.append(
            np.bitwise_xor.reduce([image * (row >> np.uint64(n) & np.uint64(1)) for n, image in enumerate(images)])
        )
    return [(_mirrored(row) if reflected else row).view(np.int64) for row in rows]


def _mirrored(polynomials: Polynomials) -> Polynomials:
    """Each with its 64 bits in reverse."""
    import numpy as np

    for shift, mask in ((1, 0x5555555555555555), (2, 0x3333333333333333), (4, 0x0F0F0F0F0F0F0F0F)):
        by, kept = np.uint64(shift), np.uint64(mask)
        polynomials = polynomials >> by & kept | (polynomials & kept) << by
    return polynomials.byteswap()
