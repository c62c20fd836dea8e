"""Checksums by name: the CRC catalogue, free CRC parameters, the algorithms in files of their own (`algorithms/`), and
what is registered.

Strategy.  `get` gives an `Algorithm`: three plain functions on bytes.  Where an algorithm is linear it also has a range
form (`ranges`), by which the scan checks overlapping stretches in linear time.  The arithmetic of CRCs is a library's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import overload

from sigflow.checksums.algorithm import Algorithm, Buffer, RangeSums, from_function
from sigflow.checksums.models import CrcModel, SumModel, XorModel
from sigflow.errors import UsageError
from sigflow.registry import Registry

__all__ = [
    "Algorithm",
    "Buffer",
    "CrcModel",
    "Model",
    "RangeSums",
    "SumModel",
    "XorModel",
    "canonical",
    "from_function",
    "get",
    "name_of",
    "names",
    "register_checksum",
]


def _built_in() -> dict[str, Algorithm]:
    from sigflow.checksums.algorithms import built_in

    return {algorithm.name: algorithm for algorithm in built_in()}


def _of_catalogue(name: str) -> bool:
    """Whether it is the name of a CRC in the catalogue."""
    if not name.startswith("CRC"):
        return False
    from sigflow.checksums import crc

    return crc.by_name(name) is not None


REGISTRY: Registry[Algorithm] = Registry("checksum", "sigflow.checksums", _built_in, _of_catalogue)


#: What an algorithm may be told by, beside its name.
Model = CrcModel | SumModel | XorModel


def get(algorithm: str | Model) -> Algorithm:
    """The algorithm of this name or with these parameters; `UsageError` for an unknown name or bad parameters.

    Names: those of the RevEng catalogue (`CRC-16/MODBUS`), those listed by `names`, in capitals or not, those
    registered.
    """
    if not isinstance(algorithm, str):
        return _of_model(algorithm)
    if algorithm.startswith("CRC"):
        from sigflow.checksums import crc

        of_catalogue = crc.by_name(algorithm)
        if of_catalogue is not None:
            return of_catalogue
    algorithm = canonical(algorithm)
    if algorithm not in REGISTRY:
        known = names()
        if algorithm not in known:
            raise _unknown(algorithm, known)
    thing = REGISTRY.get(algorithm)
    if not isinstance(thing, Algorithm):
        raise UsageError(f"checksum {algorithm!r}: found {type(thing).__name__}, wanted a sigflow.checksums.Algorithm")
    return thing


def canonical(name: str) -> str:
    """The name under which `get` knows an algorithm that is called so: the catalogue's for one of its aliases, and one
    without capitals (`lrc` for `LRC`); else the name as it is.
    """
    if name.startswith("CRC"):
        from sigflow.checksums import crc

        return crc.aliases().get(name, name)
    return name.lower() if name not in REGISTRY and name.lower() in REGISTRY else name


def name_of(algorithm: str | Model | None) -> str:
    """What an algorithm is called, for people; None stands for an expression of the spec."""
    if algorithm is None:
        return "expression"
    return algorithm if isinstance(algorithm, str) else get(algorithm).name


def _of_model(model: Model) -> Algorithm:
    """The algorithm with these parameters; which they are says what kind it is."""
    if isinstance(model, CrcModel):
        from sigflow.checksums import crc

        return crc.by_parameters(model.width, model.poly, model.init, model.refin, model.refout, model.xorout)
    from sigflow.checksums.algorithms.sums import sum_by_parameters, xor_by_parameters

    if isinstance(model, SumModel):
        return sum_by_parameters(model.width, model.word, model.carry, model.complement, model.init, model.mask)
    return xor_by_parameters(model.width, model.word, model.init)


def _unknown(name: str, known: list[str]) -> UsageError:
    from sigflow.checksums import crc
    from sigflow.checksums.meant import meant

    likely = meant(name, known, crc.aliases())
    hint = f", did you mean {' or '.join(map(repr, likely))}?" if likely else "."
    return UsageError(f"unknown checksum {name!r}{hint} Known: {', '.join(known[:24])}, and {len(known) - 24} more")


def names() -> list[str]:
    """All names that `get` takes, but for the catalogue's aliases."""
    from sigflow.checksums import crc

    return sorted({*REGISTRY.names(), *crc.names()})


Function = Callable[[bytes], int]


@overload
def register_checksum(name: str, *, width: int) -> Callable[[Function], Function]: ...
@overload
def register_checksum(name: str, *, width: int, function: Function) -> Function: ...


def register_checksum(
    name: str, *, width: int, function: Function | None = None
) -> Function | Callable[[Function], Function]:
    """Makes `function(data) -> int`, of `width` bits, known by this name, and returns it; without `function`, returns a
    decorator.

    It has no form for ranges, so formats that use it are limited to frames of 64 KiB.  Raises `UsageError` for a name
    that is taken.
    """

    def register(function: Function) -> Function:
        REGISTRY.register(name, from_function(name, width, function), getattr(function, "__module__", ""))
        return function

    return register if function is None else register(function)
