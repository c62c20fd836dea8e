"""Machine code kept in files: written once, and loaded again.

A file is the SHA-256 of an object file, and the object file; what is cut or altered is taken as not there.  Only this
processor's code is asked for: `host` is part of every file's name.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import llvmlite
from llvmlite import binding

_DIGEST = 32


def host() -> str:
    """What machine code depends on: LLVM, the processor, and its features."""
    features = ",".join(sorted(name for name, has in binding.get_host_cpu_features().items() if has))
    return f"{llvmlite.__version__} {binding.get_process_triple()} {binding.get_host_cpu_name()} {features}"


def read(path: Path) -> bytes | None:
    """The object in a file; None where there is none, or not the whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    code = data[_DIGEST:]
    return code if hashlib.sha256(code).digest() == data[:_DIGEST] else None


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
