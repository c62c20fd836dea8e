"""From the text of a scan to a function: compiled by Numba and kept in the user's cache directory, or left as it is.

Strategy.  The text is written to a file named by its hash, beside which Numba keeps the machine code; so a second run
only loads it.  The hash covers all the text, the version of Numba, and what replaces plain functions when compiled.
Where the directory cannot be written the scan is compiled for this process alone; that is no error.
"""

from __future__ import annotations

import hashlib
import linecache
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from sigflow.engine import crc_kernels, follow, sum_kernels
from sigflow.engine.assemble import assemble
from sigflow.engine.plan import Scan
from sigflow.runtime import native

#: The functions that are called from outside; all others are compiled into them.
ENTRIES = ("scan", "follow")
Entry = Callable[..., int]


#: Nothing is allocated, so no array needs its references counted, which costs more than a short frame.
_ENTRY: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
#: The functions that are only called by others need no ways in from Python and C.
_INNER: dict[str, Any] = _ENTRY | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
#: Functions of the usual way are put in line, which halves the time of a short frame; these are not of it.
_SELDOM = {
    "entered",
    "inside",
    "nearest_end",
    "nearest_of_several",
    "follows",
    "hex_at",
}


class Entries(NamedTuple):
    """What a scan is called by: see `loop.scan` and `follow.follow`."""

    scan: Entry
    follow: Entry


def cache_directory() -> Path:
    """Where compiled scans are kept: `SIGFLOW_CACHE`, else the platform's place for a user's caches."""
    named = os.environ.get("SIGFLOW_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "sigflow" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sigflow"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sigflow"


def text_of(scan: Scan) -> str:
    """The source text of a scan."""
    return assemble(scan, [native, crc_kernels, sum_kernels, follow])


@lru_cache(maxsize=64)
def uncompiled(text: str) -> Entries:
    """The scan as plain Python."""
    found = _functions(text, "<sigflow scan>")
    return Entries(*(found[name] for name in ENTRIES))


@lru_cache(maxsize=64)
def compiled(text: str, notice: Callable[[str], None] | None = None) -> Entries:
    """The scan compiled.  notice: is called with what is done, where nothing was kept and compiling takes a while."""
    import numba

    from sigflow.engine import intrinsics, vectors

    words = vectors.widest()
    makers = [_source(name) for name in ("intrinsics", "carryless", "vectors", "pipeline", "build")]
    key = hashlib.sha256("\0".join([numba.__version__, sys.version, str(words), *makers, text]).encode()).hexdigest()[
        :24
    ]
    path = _kept(key, text)
    found = _functions(text, str(path) if path else f"<sigflow scan {key}>")
    space = next(iter(found.values())).__globals__
    new = path is None or not any(path.parent.rglob("*.nbi"))
    if new and notice is not None:
        notice("compiling the native scan, once for these formats")
    outer, inner = _lean() if new else (_ENTRY, _INNER)
    replacements = intrinsics.replacements(words, inner | {"forceinline": True})
    space.update(replacements)
    for name, function in found.items():
        if name not in ENTRIES and name not in replacements:
            space[name] = numba.njit(**inner, forceinline=name not in _SELDOM)(function)
    return Entries(*(_entry(found[name], outer, path is not None) for name in ENTRIES))


def _lean() -> tuple[dict[str, Any], dict[str, Any]]:
    """The options for functions that are called from outside, and for those that are not, to compile them quickly."""
    try:
        from sigflow.engine import pipeline
    except (ImportError, AttributeError):  # another version of Numba
        return _ENTRY, _INNER
    return (_ENTRY | pipeline.ENTRY, _INNER | pipeline.INNER) if pipeline.usable() else (_ENTRY, _INNER)


def _entry(function: FunctionType, options: dict[str, Any], kept: bool) -> Entry:
    from numba import njit

    if kept:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Numba warns where it cannot keep anything
                entry: Entry = njit(**options, cache=True)(function)
            return entry
        except (RuntimeError, OSError):
            pass  # nowhere to keep it: compiled for this process alone
    entry = njit(**options)(function)
    return entry


def _source(name: str) -> str:
    """The text of a module of this package."""
    return Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")


def _functions(text: str, name: str) -> dict[str, FunctionType]:
    """The functions of the text, by name."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    # What Numba keeps names the module of a function, and asks for it when it is loaded.
    module = ModuleType(f"_sigflow_scan_{hashlib.sha256(name.encode()).hexdigest()[:16]}")
    sys.modules[module.__name__] = module
    space = module.__dict__
    exec(compile(text, name, "exec"), space)
    return {key: value for key, value in space.items() if isinstance(value, FunctionType)}


def _kept(key: str, text: str) -> Path | None:
    """The file with this text in the cache directory; None where it can be neither found nor written."""
    folder = cache_directory() / "native" / key
    path = folder / "scan.py"
    try:
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            return path if os.access(folder, os.W_OK) or any(folder.rglob("*.nbi")) else None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
            file.write(text)
        os.replace(file.name, path)
    except OSError:
        return None
    return path
