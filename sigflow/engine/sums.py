"""The native kernel of a checksum: which functions compute it, and with which numbers.

CRCs are one family, `crc_kernels`; every other algorithm brings its own functions (`checksums.algorithm.Native`, which
says what they are).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
from typing import TYPE_CHECKING, Any

from sigflow import checksums

if TYPE_CHECKING:
    import numpy as np

    from sigflow.checksums import Model

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Kernel:
    """family: the prefix of the functions.  P: their parameters, one row.  T: their tables, rows of 256.  forms: the
    functions, where they are not in `crc_kernels`.
    """

    family: str
    P: Ints
    T: Ints
    has_ranges: bool
    forms: tuple[Callable[..., Any], ...] = ()


#: Every family's P is as long, so that those of several checksums can be stacked.
_PLACES = 16
_MOST_BITS = 64
#: The forms of a family without prefix states.
_WITHOUT_RANGES = 3


def kernel_of(algorithm: str | Model) -> Kernel | None:
    """The kernel of a checksum by name or CRC parameters; None if it is a registered function, or a wider CRC.

    `UsageError` for an unknown name or bad parameters, as `checksums.get`.
    """
    import numpy as np

    native = checksums.get(algorithm).native
    if native is not None:
        P = np.zeros(_PLACES, np.int64)
        P[: len(native.parameters)] = native.parameters
        has_ranges = len(native.forms) > _WITHOUT_RANGES
        return Kernel(native.family, P, np.zeros((0, 256), np.int64), has_ranges, native.forms)
    from sigflow.checksums.crc import model_of
    from sigflow.engine.crc_tables import crc_arrays

    if isinstance(algorithm, str):
        model = model_of(algorithm)
    else:
        crc = algorithm
        assert isinstance(crc, checksums.CrcModel)  # sums and XORs have a native form
        model = (crc.width, crc.poly, crc.init, crc.refin, crc.refout, crc.xorout)
    if model is None or model[0] > _MOST_BITS:
        return None
    return Kernel("crc", *crc_arrays(model), True)


def told() -> Kernel:
    """In place of a kernel, for a checksum whose value a measure tells."""
    import numpy as np

    return Kernel("told", np.zeros(_PLACES, np.int64), np.zeros((0, 256), np.int64), False)


@lru_cache(maxsize=64)
def text_of(forms: Sequence[Callable[..., Any]]) -> str:
    """The kernel code of these functions: with the constants and the functions of their own file that they use."""
    constants, functions = dict[str, str](), dict[str, str]()
    for name, value in used_by(forms):
        if isinstance(value, FunctionType):
            functions[name] = inspect.getsource(value).strip()
        else:
            constants[name] = f"{name} = {value}"
    return "\n\n\n".join(["\n".join(constants.values()), *functions.values()] if constants else functions.values())


def used_by(forms: Sequence[Callable[..., Any]]) -> Iterator[tuple[str, Callable[..., Any] | int]]:
    """Functions, with the constants and the other functions of their own file that they use; some more than once."""
    for function in forms:
        assert isinstance(function, FunctionType)  # kernel code is plain functions
        for name in function.__code__.co_names:
            value = function.__globals__.get(name)
            if isinstance(value, int):
                yield name, value
            elif isinstance(value, FunctionType) and value.__module__ == function.__module__:
                yield from used_by([value])
        yield function.__name__, function
