"""The kernel functions as they are, and as Numba compiles them into each other."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from sigflow.engine import crc_kernels, intrinsics, sum_kernels
from sigflow.runtime import native

MODULES = (native, crc_kernels, sum_kernels)


def plain() -> dict[str, FunctionType]:
    """The functions by name."""
    return {
        name: thing
        for module in MODULES
        for name, thing in vars(module).items()
        if isinstance(thing, FunctionType) and thing.__module__ == module.__name__
    }


def compiled(words: int | None) -> dict[str, Any]:
    """The names that compiled code sees: functions that only compiled functions can call, and constants.

    words: see `intrinsics.replacements`.
    """
    import numba

    replacements = intrinsics.replacements(words)
    space: dict[str, Any] = {name: thing for module in MODULES for name, thing in vars(module).items()}
    for name, function in plain().items():
        inner = FunctionType(function.__code__, space, name)
        space[name] = replacements[name] if name in replacements else numba.njit(**intrinsics.INLINED)(inner)
    return space
