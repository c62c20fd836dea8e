"""What needs what: which classes a field reads, which fields an expression names, where in a stream a class may stand.

Construct reads a struct from front to back, instances too, and an object is seen by what stands inside it only as far
as it has been read.  So every instance gets a place: before the first field that needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.emit.construct.expressions import outward
from sigflow.compiler.model import Bits, Names, Switched, User, Wire, shape_of, wires_of
from sigflow.compiler.types import Types


class Uses:
    """The questions, each answered once.  unit: the class that is read first."""

    def __init__(self, unit: sc.ClassSpec, names: Names, types: Types) -> None:
        self.unit = unit
        self.names = names
        self.types = types
        self.owner = {attr: spec for spec in self.below(unit) for attr in spec.attrs()}
        self.parts = self._parts()
        self.reach = cache(self._reach)
        self.outer = cache(self._outer)

    def held(self, attr: sc.Attr) -> Iterator[User]:
        """The wires of a field that are objects of classes."""
        for wire in wires_of(self.names.wires.get(attr)):
            if isinstance(wire, User) and isinstance(wire.target, sc.ClassSpec):
                yield wire

    def below(self, spec: sc.ClassSpec) -> list[sc.ClassSpec]:
        """A class and all that are read with it, in the order of their first use."""
        classes: dict[sc.ClassSpec, None] = {}
        stack = [spec]
        while stack:
            item = stack.pop()
            if item not in classes:
                classes[item] = None
                targets = [wire.target for attr in item.attrs() for wire in self.held(attr)]
                stack += [target for target in reversed(targets) if isinstance(target, sc.ClassSpec)]
        return list(classes)

    def _reach(self, attr: sc.Attr) -> frozenset[sc.ClassSpec]:
        classes: set[sc.ClassSpec] = set()
        for wire in self.held(attr):
            assert isinstance(wire.target, sc.ClassSpec)  # (`held` gives no others)
            classes.update(self.below(wire.target))
        return frozenset(classes)

    def endless(self, attr: sc.Attr) -> bool:
        """Whether an instance leads, whatever the bytes are, to one of the same class: read at once, it has no end."""
        wanted, stack, seen = self.owner[attr], [attr], set()
        while stack:
            item = stack.pop()
            wire = self.names.wires.get(item)
            sure = item.condition is None and item.repeat is None and isinstance(wire, User)
            target = wire.target if sure and isinstance(wire, User) else None
            if target is wanted:
                return True
            if isinstance(target, sc.ClassSpec) and target not in seen:
                seen.add(target)
                stack += target.attrs()
        return False

    # ------------------------------------------------------------ expressions

    def codes(self, attr: sc.Attr) -> list[ex.Expr]:
        """The expressions that reading a field evaluates."""
        codes = [attr.condition, attr.pos, attr.io, attr.value, attr.parent]
        codes += [attr.repeat.code] if attr.repeat is not None else []
        codes += attr.valid.codes if attr.valid is not None else ()
        exprs = [code.expr for code in codes if code is not None]
        wire = self.names.wires.get(attr)
        if isinstance(wire, Switched):
            exprs.append(wire.on.expr)
            exprs += [on.expr for on, _ in wire.cases if on is not None]
        for inner in wires_of(wire):
            exprs += _of_wire(inner)
        return exprs

    def own(self, exprs: Iterable[ex.Expr]) -> set[sc.Attr]:
        """The fields and instances of the object at hand that expressions name."""
        nodes = (node for expr in exprs for node in ex.walk(expr) if isinstance(node, ex.Name))
        return {member for node in nodes if isinstance(member := self.types.members.get(node), sc.Attr)}

    def _outer(self, spec: sc.ClassSpec) -> tuple[tuple[sc.Attr | None, sc.Attr], ...]:
        """The members of objects around an object of this class that it asks for, each with the field that does; None:
        what decides the byte order.
        """
        asked: list[tuple[sc.Attr | None, sc.Attr]] = []
        endian = endian_codes(spec)
        for attr, exprs in [(None, endian), *((attr, self.codes(attr)) for attr in spec.attrs())]:
            for expr in exprs:
                for node in ex.walk(expr):
                    member = self.types.members.get(node)
                    if isinstance(node, ex.Attribute) and isinstance(member, sc.Attr) and outward(node.value):
                        asked.append((attr, member))
        return tuple(asked)

    def asked_within(self, attr: sc.Attr, owner: sc.ClassSpec) -> list[tuple[sc.ClassSpec, sc.Attr | None, sc.Attr]]:
        """The members of `owner` that something inside a field of it asks for: the class and the field that do."""
        return [
            (spec, asking, member)
            for spec in self.reach(attr)
            for asking, member in self.outer(spec)
            if self.owner.get(member) is owner
        ]

    def parent_matters(self, spec: sc.ClassSpec) -> bool:
        """Whether an object of this class, or one inside it, asks what it stands in."""
        own = self._hops(spec) > 0
        return own or any(self._hops(inner) > 1 for inner in self.below(spec) if inner is not spec)

    def _hops(self, spec: sc.ClassSpec) -> int:
        most = 0
        for attr in spec.attrs():
            for node in (node for expr in self.codes(attr) for node in ex.walk(expr)):
                hops = 0
                while isinstance(node, ex.Attribute) and node.id == "_parent":
                    hops, node = hops + 1, node.value
                if isinstance(node, ex.Name) and node.id == "_parent":
                    most = max(most, hops + 1)
        return most

    # ------------------------------------------------------------ streams

    def _parts(self) -> set[sc.ClassSpec]:
        """The classes of which an object may be read from a part of the stream."""
        parts: set[sc.ClassSpec] = set()
        stack = [
            wire.target
            for spec in self.below(self.unit)
            for attr in spec.attrs()
            for wire in self.held(attr)
            if wire.shape is not None or (attr.io is not None and not of_root(attr.io))
        ]
        while stack:
            spec = stack.pop()
            if isinstance(spec, sc.ClassSpec) and spec not in parts:
                parts.add(spec)
                stack += [wire.target for attr in spec.attrs() if attr.io is None for wire in self.held(attr)]
        return parts

    def alone(self, spec: sc.ClassSpec) -> bool:
        """Whether every object of this class has all of its stream for itself."""
        uses = [wire for other in self.below(self.unit) for attr in other.attrs() for wire in self.held(attr)]
        return all(wire.bounded for wire in uses if wire.target is spec)


def of_root(code: sc.Code) -> bool:
    """Whether a stream is that of the whole."""
    expr = code.expr
    return (
        isinstance(expr, ex.Attribute)
        and expr.id == "_io"
        and isinstance(expr.value, ex.Name)
        and expr.value.id == "_root"
    )


def endian_codes(spec: sc.ClassSpec) -> list[ex.Expr]:
    """The expressions that decide the byte order of a class."""
    endian = spec.meta.endian
    return [endian.on.expr] if isinstance(endian, sc.Endian) else []


def _of_wire(wire: Wire) -> list[ex.Expr]:
    exprs: list[ex.Expr] = []
    if isinstance(wire, User):
        exprs += [argument.expr for argument in wire.arguments]
    shape = shape_of(wire)
    if shape is not None:
        exprs += [shape.size.expr] if shape.size is not None else []
        exprs += shape.process.arguments if shape.process is not None else ()
    return exprs


def is_bits(attr: sc.Attr, names: Names) -> bool:
    """Whether a field is one of bits, in a row with others."""
    return isinstance(names.wires.get(attr), Bits)
