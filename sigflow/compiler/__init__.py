"""Specs to parsers.  `build` is the one entry; the phases stand in the order of its opening lines.

The phases are imported when a spec is built: who only reads an expression does not wait for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sigflow.compiler.phases import Build, build

__all__ = ["Build", "build"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sigflow.compiler import phases

    return getattr(phases, name)
