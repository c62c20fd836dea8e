"""The native kernel of a checksum: which family of kernel functions computes it, and with which numbers.

A family is the prefix of its functions in `crc_kernels` and `sum_kernels`: F_begin, F_update and F_finish for bytes in
pieces, and where it has a range form F_advance and F_over: prefix states, which begin with 0, and the state behind a
stretch from that before it and the prefix states at its ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigflow import checksums

if TYPE_CHECKING:
    import numpy as np

    from sigflow.checksums import CrcModel

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Kernel:
    """family: the prefix of the functions.  P: their parameters, one row.  T: their tables, rows of 256."""

    family: str
    P: Ints
    T: Ints
    has_ranges: bool


#: Family and parameters by name; see the places in P of `sum_kernels`.
_SUMS: dict[str, tuple[str, tuple[int, ...]]] = {
    "sum-8": ("sum", (0xFF,)),
    "sum-16": ("sum", (0xFFFF,)),
    "sum-32": ("sum", (0xFFFFFFFF,)),
    "xor-8": ("xor", ()),
    "fletcher-16": ("pair", (255, 8, 0)),
    "fletcher-16-mod256": ("pair", (256, 8, 0)),
    "adler-32": ("pair", (65521, 16, 1)),
    "internet": ("words", (0,)),
    "fletcher-32": ("words", (1,)),
}
_WITHOUT_RANGES = {"words"}
#: Every family's P is as long, so that those of several checksums can be stacked.
_PLACES = 16
_MOST_BITS = 64


def kernel_of(algorithm: str | CrcModel) -> Kernel | None:
    """The kernel of a checksum by name or CRC parameters; None if it is a registered function, or a wider CRC.

    `UsageError` for an unknown name or bad parameters, as `checksums.get`.
    """
    import numpy as np

    checksums.get(algorithm)
    if isinstance(algorithm, str) and algorithm in _SUMS:
        family, parameters = _SUMS[algorithm]
        P = np.zeros(_PLACES, np.int64)
        P[: len(parameters)] = parameters
        return Kernel(family, P, np.zeros((0, 256), np.int64), family not in _WITHOUT_RANGES)
    from sigflow.checksums.crc import model_of
    from sigflow.engine.crc_tables import crc_arrays

    if isinstance(algorithm, str):
        model = model_of(algorithm)
    else:
        one = algorithm
        model = (one.width, one.poly, one.init, one.refin, one.refout, one.xorout)
    if model is None or model[0] > _MOST_BITS:
        return None
    return Kernel("crc", *crc_arrays(model), True)
