"""From the text of a scan to functions: compiled and kept in the user's cache directory, or left as they are.

Strategy.  Machine code is made of the text when a function is called for the first time (`llvm`), and an object file
keeps it, which a second run loads.  The files lie in a folder that is named by a hash of all that the code depends on:
the text, the processor, and what compiles it.  Where nothing can be written a scan is compiled for this process alone;
that is no error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from threading import Lock
from types import FunctionType
from typing import Any, NamedTuple

from sigflow import reads
from sigflow.engine import crc_kernels, follow, spelt
from sigflow.engine.assemble import assemble
from sigflow.engine.calls import Call, Function
from sigflow.engine.objects import cache_directory
from sigflow.engine.plan import Scan
from sigflow.runtime import box, native

#: The functions that are called from outside; all others are compiled into them.
ENTRIES = ("scan", "follow")
Entry = Callable[..., int]


class Entries(NamedTuple):
    """What makes the functions that a scan is called by, `loop.scan` and `follow.follow`: for each caller its own."""

    scan: Callable[[], Entry]
    follow: Callable[[], Entry]


def text_of(scan: Scan) -> str:
    """The source text of a scan."""
    return assemble(scan, [box, reads, native, spelt, crc_kernels, follow])


def functions_of(text: str) -> dict[str, FunctionType]:
    """The functions of a scan as plain Python, by name."""
    space: dict[str, Any] = {"__name__": "sigflow_scan"}
    exec(compile(text, "<sigflow scan>", "exec"), space)
    return {key: value for key, value in space.items() if isinstance(value, FunctionType)}


@lru_cache(maxsize=64)
def uncompiled(text: str) -> Entries:
    """The scan as plain Python."""
    functions = functions_of(text)
    return Entries(*((lambda entry=functions[name]: entry) for name in ENTRIES))


@lru_cache(maxsize=64)
def compiled(text: str, notice: Callable[[str], None] | None = None) -> Entries:
    """The scan compiled.  notice: is called with what is done, where nothing was kept and compiling takes a while."""
    program = program_of(text, notice)
    return Entries(*((lambda name=name: Call(lambda layout: program.function(name, layout))) for name in ENTRIES))


def kernel(text: str, name: str) -> Entry:
    """A function of a text of kernel code, compiled, which several threads may call at a time."""
    program = program_of(text, None)

    def function(*arguments: Any) -> int:
        return Call(lambda layout: program.function(name, layout))(*arguments)

    return function


def program_of(text: str, notice: Callable[[str], None] | None) -> Compiled:
    """The machine code of a text of kernel code, which is made when it is asked for."""
    from sigflow.engine import objects

    parts = [objects.host(), *_makers(), text]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return Compiled(text, cache_directory() / "native" / key, notice)


@lru_cache(maxsize=1)
def _makers() -> list[str]:
    """The text of the modules that make machine code of a scan's text."""
    here = Path(__file__).parent
    names = ("build", "calls", "carryless", "code", "loader", "objects")
    paths = [*(here / f"{name}.py" for name in names), *sorted((here / "llvm").glob("*.py"))]
    return [path.read_text(encoding="utf-8") for path in paths]


class Compiled:
    """The machine code of one text.  State: what is loaded, by function and layout."""

    def __init__(self, text: str, folder: Path, notice: Callable[[str], None] | None) -> None:
        self._text = text
        self._folder = folder
        self._notice = notice
        self._loaded: dict[tuple[str, str], Function] = {}
        self._lock = Lock()

    def function(self, name: str, layout: str) -> Function:
        """The function of this name for arguments of this layout."""
        from sigflow.engine import objects

        with self._lock:
            function = self._loaded.get((name, layout))
            if function is None:
                function = self._loaded[name, layout] = objects.loaded(self.object(name, layout))
            return function

    def object(self, name: str, layout: str) -> bytes:
        """The object of this function, from the cache, or else from now on."""
        from sigflow.engine import kept, objects

        path = self._folder / f"{name}-{hashlib.sha256(layout.encode()).hexdigest()[:8]}.o"
        code = objects.read(path)
        if code is None:
            code = self._made(name, layout)
            objects.write(path, code)
            kept.trim(self._folder)
        return code

    def _how_often(self) -> str:
        from sigflow.engine import objects

        if objects.can_write(self._folder):
            return "once for these formats"
        where = self._folder.parent.parent
        return f"as every run will: it cannot be kept in {where} (SIGFLOW_CACHE names another folder)"

    def _made(self, name: str, layout: str) -> bytes:
        if self._notice is not None and name == ENTRIES[0]:
            self._notice(f"compiling the native scan, {self._how_often()}")
        from sigflow.engine import code

        return code.made(self._text, name, layout)
