"""What a preamble says, for the measure of the units behind it: numbers that stand in `box`, by their places there."""

from __future__ import annotations

from dataclasses import dataclass, field

from sigflow.compiler import schema as sc
from sigflow.compiler.emit.native.builder import Builder, Inexpressible
from sigflow.compiler.emit.native.streams import Stream
from sigflow.compiler.emit.native.tree import BOX, Local
from sigflow.compiler.emit.native.values import Flag, Int, SymbolicObject, Value
from sigflow.compiler.measure.scope import Scope
from sigflow.compiler.model import Bits, Number, User
from sigflow.compiler.plan import ClassPlan
from sigflow.runtime.box import MOST_PARAMETERS


@dataclass(slots=True, eq=False)
class Preamble:
    """All that is asked of a preamble.  read: the paths of its numbers, as Python attributes of its object, in the
    order of their places.
    """

    scope: Scope
    builder: Builder
    read: list[str] = field(default_factory=list)

    def root(self, plan: ClassPlan, stream: Stream) -> Parameters:
        """The object that units call `_root`.  plan: of the whole file; stream: any."""
        made = Parameters(plan, "preamble_", None, None, stream, source=self)
        made.root = made
        if plan.order == "calc":  # the order in which units are written, too, where they have none of their own
            made.is_le = Flag(self.number("_is_le").differs(0))
        return made

    def number(self, path: str) -> Local:
        """The local that holds a number of the preamble."""
        if path not in self.read:
            self.read.append(path)
        if len(self.read) > MOST_PARAMETERS:
            raise Inexpressible(f"more than {MOST_PARAMETERS} numbers of the preamble")
        return self.builder.let(path.rpartition(".")[2], self.builder.call("parameter", BOX, self.read.index(path)))


@dataclass(slots=True, eq=False)
class Parameters(SymbolicObject):
    """An object of the preamble.  way: the attributes that lead to it."""

    source: Preamble | None = None
    way: str = ""

    def member(self, attr: sc.Attr | sc.Param) -> Value:
        """The value of a field."""
        assert self.source is not None
        plan, number = self.source.scope.plan, self.source.number
        wire = self.source.scope.types.names.wires.get(attr) if isinstance(attr, sc.Attr) else None
        path = f"{self.way}{plan.member_names[attr]}"
        if isinstance(attr, sc.Attr) and attr.repeat is None and attr.condition is None:
            if isinstance(wire, User) and isinstance(wire.target, sc.ClassSpec) and wire.target in plan.classes:
                target = plan.classes[wire.target]
                inner = Parameters(target, f"{self.prefix}{attr.id}_", self, self.root, self.stream)
                inner.source, inner.way = self.source, f"{path}."
                return inner
            if isinstance(wire, Bits):
                value = Int(number(path), 0, (1 << wire.width) - 1)
                return Flag(value.expr.differs(0)) if wire.boolean else value
            if isinstance(wire, Number) and wire.kind != "f":
                bits = 8 * wire.size
                low, high = (-1 << bits - 1, (1 << bits - 1) - 1) if wire.kind == "s" else (0, (1 << bits) - 1)
                return Int(number(path), low, high)
        raise Inexpressible(f"'{attr.id}' of the preamble, which is no plain number")
