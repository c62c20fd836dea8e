"""Where `emit/native` finds what moved to `sigflow.compiler.measure` and `model`."""

from __future__ import annotations

from sigflow.compiler.measure.scope import Scope
from sigflow.compiler.model import User, wires_of


def is_bounded(wire: User) -> bool:
    """Whether a wire has bytes of its own extent."""
    return wire.bounded


__all__ = ["Scope", "is_bounded", "wires_of"]
