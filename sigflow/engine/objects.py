"""Machine code kept in files: written once, and loaded again, where possible without LLVM (`loader`).

A file is the SHA-256 of an object file, and the object file; what is cut or altered is taken as not there.  Only this
processor's code is asked for: `host` is part of every file's name.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from sigflow.engine.calls import Function

_DIGEST = 32
#: What the system says of a processor: enough of it to hold that of one.
_PROCESSORS, _ENOUGH = Path("/proc/cpuinfo"), 1 << 14
#: Lines of it on what a processor can, and which it is.
_TOLD = (b"vendor_id", b"cpu family", b"model", b"model name", b"stepping", b"flags")
#: How often what was asked for was kept, and was not; and what was removed to make room.
COUNTS = {"hits": 0, "misses": 0, "evictions": 0}


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


@lru_cache(maxsize=1)
def host() -> str:
    """What machine code depends on: LLVM, the processor, and its features.  LLVM is asked only where the system does
    not tell.
    """
    told = _processor()
    if told:
        library = find_spec("llvmlite")
        version = Path(library.origin or "").with_name("_version.py") if library is not None else Path()
        return f"{told} {version.read_text(encoding='utf-8') if version.is_file() else ''}"
    import llvmlite
    from llvmlite import binding

    features = ",".join(sorted(name for name, has in binding.get_host_cpu_features().items() if has))
    return f"{llvmlite.__version__} {binding.get_process_triple()} {binding.get_host_cpu_name()} {features}"


def _processor() -> str:
    """What Linux says of the first processor of the x86-64 kind; "" elsewhere."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return ""
    try:
        with _PROCESSORS.open("rb") as file:
            lines = file.read(_ENOUGH).partition(b"\n\n")[0].splitlines()
    except OSError:
        return ""
    told = [line for line in lines if line.partition(b":")[0].strip() in _TOLD]
    return b"\n".join(told).decode(errors="replace") if any(line.startswith(b"flags") for line in told) else ""


def loaded(code: bytes) -> Function:
    """The function of an object, which several threads may call at a time."""
    from sigflow.engine import loader

    try:
        return loader.loaded(code)
    except loader.Unloadable:
        from sigflow.engine.llvm import machine

        return machine.loaded(code)


def read(path: Path) -> bytes | None:
    """The object in a file; None where there is none, or not the whole."""
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    code = data[_DIGEST:]
    whole = hashlib.sha256(code).digest() == data[:_DIGEST]
    COUNTS["hits" if whole else "misses"] += 1
    return code if whole else None


def can_write(folder: Path) -> bool:
    """Whether objects can be kept in this folder, which is made where it is missing."""
    probe = folder / f"probe.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError:
        return False
    return True


def write(path: Path, code: bytes) -> None:
    """Keep an object, where that is possible."""
    half = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half.write_bytes(hashlib.sha256(code).digest() + code)
        half.replace(path)
    except OSError:
        with suppress(OSError):
            half.unlink()
