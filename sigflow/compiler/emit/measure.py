"""Where `emit/look` finds what moved to `sigflow.compiler.measure`."""

from __future__ import annotations

from sigflow.compiler.emit.shared import Module
from sigflow.compiler.hints import Hints
from sigflow.compiler.measure import scope
from sigflow.compiler.model import User, wires_of
from sigflow.compiler.plan import Plan


class Scope(scope.Scope):
    """The scope of a module's measure."""

    def __init__(self, plan: Plan, module: Module, hints: Hints) -> None:
        super().__init__(plan, module.types, hints)


def is_bounded(wire: User) -> bool:
    """Whether a wire has bytes of its own extent."""
    return wire.bounded


__all__ = ["Scope", "is_bounded", "wires_of"]
