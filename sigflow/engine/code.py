"""From the functions of a scan to machine code, by Numba."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any

import numba

from sigflow.engine import intrinsics
from sigflow.engine.calls import Function, rebuilt
from sigflow.engine.objects import loaded, translated

#: Nothing is allocated, so no array needs its references counted, which costs more than a short frame.
_OUTER: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
#: The functions that are only called by others need no ways in from Python and C.
_INNER: dict[str, Any] = _OUTER | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
#: Functions of the usual way are put in line, which halves the time of a short frame; these are not of it.
_SELDOM = {
    "entered",
    "inside",
    "nearest_end",
    "nearest_of_several",
    "follows",
    "digits_differ",
}
#: Bytes of bytecode of a function that is not put in line of each caller, such as the look at a long text header.
_LONG = 1000


def made(functions: Mapping[str, FunctionType], name: str, layout: str) -> tuple[Function, bytes | None]:
    """One of these functions, called by a block of this layout (see `calls`), and its object if it can be kept.

    Their globals are written to: the functions of one text are compiled only once.
    """
    outer, inner = _lean()
    replacements = intrinsics.replacements(options=inner | {"forceinline": True})
    space = functions[name].__globals__
    space.update(replacements)
    jitted: dict[FunctionType, Any] = {}
    for function_name, function in functions.items():
        if function_name not in replacements:
            if function not in jitted:  # it may have two names
                inline = function_name not in _SELDOM and len(function.__code__.co_code) <= _LONG
                jitted[function] = numba.njit(**inner, forceinline=inline)(function)
            space[function_name] = jitted[function]
    arguments = rebuilt(layout)
    lines = (
        "def entry(block):",
        f"    B = numbers_at(block, {arguments.count('B[')})",
        f"    return {name}({arguments})",
    )
    exec(compile("\n".join(lines), "<sigflow entry>", "exec"), space)
    compiled = numba.cfunc("int64(int64)", **outer)(space["entry"])
    try:
        code = translated(compiled.inspect_llvm(), compiled.native_name)
    except ValueError:  # compiled in Numba's own way: it needs Numba to run
        return compiled.ctypes, None
    return loaded(code), code


def _lean() -> tuple[dict[str, Any], dict[str, Any]]:
    """The options for the function that is called from outside, and for those that are not, to compile them quickly."""
    try:
        from sigflow.engine import pipeline
    except (ImportError, AttributeError):  # another version of Numba
        return _OUTER, _INNER
    return (_OUTER | pipeline.OUTER, _INNER | pipeline.INNER) if pipeline.usable() else (_OUTER, _INNER)
