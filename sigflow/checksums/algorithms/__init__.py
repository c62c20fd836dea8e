"""Checksum algorithms, a file for each kind: whatever a file lists as ALGORITHMS is known by its name.

To add one, add a file: with the value of b"123456789", by which `tests/checksums` holds all of its forms to it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from sigflow.checksums.algorithm import Algorithm


def built_in() -> list[Algorithm]:
    """What the files of this folder list."""
    modules = [import_module(f"{__name__}.{entry.name}") for entry in iter_modules(__path__)]
    return [algorithm for module in modules for algorithm in module.ALGORITHMS]
