"""The kernel functions as they are, and compiled, such that they can be called from Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any

from sigflow import checksums, reads
from sigflow.engine import code, crc_kernels, unstuff
from sigflow.engine.assemble import kernel_code
from sigflow.engine.calls import Call
from sigflow.engine.llvm import machine
from sigflow.engine.sums import used_by
from sigflow.runtime import XorParameters, box, native

MODULES = (box, reads, native, crc_kernels, unstuff)


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


def text() -> str:
    """The text of all of them."""
    parts = [kernel_code(module) for module in MODULES]
    for name, thing in of_checksums().items():
        parts.append(inspect.getsource(thing) if isinstance(thing, FunctionType) else f"{name} = {thing}")
    return "\n\n\n".join(parts)


def called(name: str, text: str, parameters: Iterable[str], words: int | None = None) -> Callable[..., int]:
    """The compiled function of this name in a text, which may be one that an instruction replaces."""
    taken = ", ".join(parameters)
    whole = f"{text}\n\ndef entry({taken}):\n    return {name}({taken})\n"

    def made(layout: str) -> Callable[[int], int]:
        return machine.loaded(machine.translated(code.unit_of(whole, name, words).text("entry", layout)))

    kinds: dict[str, Call] = {}

    def call(*arguments: Any) -> int:
        from sigflow.engine.calls import layout_of

        layout = layout_of(arguments)
        if layout not in kinds:
            kinds[layout] = Call(made)
        return kinds[layout](*arguments)

    return call


def compiled(words: int | None = None) -> Mapping[str, Callable[..., Any]]:
    """The functions compiled, each when it is called for the first time.  words: see `code.unit_of`."""
    whole = text()
    return {
        name: called(name, whole, inspect.signature(function).parameters, words) for name, function in plain().items()
    }
