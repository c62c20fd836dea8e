"""The kernel functions as they are, and as Numba compiles them into each other."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from sigflow import checksums, reads
from sigflow.engine import crc_kernels, intrinsics, unstuff
from sigflow.engine.sums import used_by
from sigflow.runtime import XorParameters, native

MODULES = (reads, native, crc_kernels, unstuff)


def plain() -> dict[str, FunctionType]:
    """The functions by name."""
    return {
        name: thing
        for module in MODULES
        for name, thing in vars(module).items()
        if isinstance(thing, FunctionType) and thing.__module__ == module.__name__
    } | {name: thing for name, thing in of_checksums().items() if isinstance(thing, FunctionType)}


def of_checksums() -> dict[str, Any]:
    """The functions and constants of the native forms that checksums bring, by name."""
    natives = [checksums.get(named).native for named in (*checksums.names(), XorParameters(16, "u2be"))]
    return {name: thing for native in natives if native is not None for name, thing in used_by(native.forms)}


def compiled(words: int | None) -> dict[str, Any]:
    """The names that compiled code sees: functions that only compiled functions can call, and constants.

    words: see `intrinsics.replacements`.
    """
    import numba

    replacements = intrinsics.replacements(words)
    space: dict[str, Any] = {name: thing for module in MODULES for name, thing in vars(module).items()}
    space |= of_checksums()
    for name, function in plain().items():
        inner = FunctionType(function.__code__, space, name)
        space[name] = replacements[name] if name in replacements else numba.njit(**intrinsics.INLINED)(inner)
    return space
