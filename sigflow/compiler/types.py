"""The types of members, and through them of every expression.

`Types.of(code, context)` gives the type of an expression and reports its mistakes; each tree is typed once per
context and the type of every node is kept in `nodes` (the emitter asks whether a division is one of integers).  The
rules for each kind of expression stand in `rules`.
"""

from __future__ import annotations

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.kinds import combined
from sigflow.compiler.model import (
    ANY,
    BOOL,
    BYTES,
    FLOAT,
    INT,
    STR,
    STRUCT,
    UNTYPED,
    Bits,
    Names,
    Number,
    Switched,
    Text,
    Type,
    User,
    Wire,
    array_of,
)
from sigflow.compiler.problems import Problems
from sigflow.compiler.resolve import Scope
from sigflow.compiler.rules import Context, Mistake, Rules


class _TooDeep(Exception):
    """A value instance that lies too deep in a chain of others to be typed before they are."""

    def __init__(self, attr: sc.Attr, owner: sc.ClassSpec) -> None:
        super().__init__(attr.id)
        self.attr = attr
        self.owner = owner


#: How many nodes are typed inside each other before an instance is put off.
_DEEPEST = 60


class Types(Rules):
    """The types found: of nodes by identity, of members as they are asked for."""

    def __init__(self, names: Names, scope: Scope, opaque: bool, problems: Problems) -> None:
        super().__init__(names, scope, opaque, problems)
        self._values: dict[sc.Attr, Type | None] = {}
        #: What fields are, when a frame is built and nothing was given for them (`-sigflow-default`).
        self.defaults: dict[sc.Attr, sc.Code] = {}
        #: Of each class, as it is and as `parent: _parent` hands it on, where types that nothing leads to do not count.
        self._parents: dict[tuple[sc.ClassSpec, bool], Type] = {}
        self._handing_on = False
        self._depth = 0

    @property
    def positions_are_private(self) -> bool:
        """Whether no expression can see the position of a stream while another object's fields are read from it.

        `x._io` may be any stream; a value instance that speaks of its own `_io` may be asked for from elsewhere.
        """
        if any(isinstance(node, ex.Attribute) and node.id == "_io" for node in self.nodes):
            return False
        return not any(
            isinstance(node, ex.Name) and node.id == "_io"
            for attr in self._values
            if attr.value is not None
            for node in ex.walk(attr.value.expr)
        )

    # ------------------------------------------------------------ entry

    def of(self, code: sc.Code, context: Context) -> Type:
        """The type of an expression."""
        self.codes.append(code)
        try:
            return self.type(code.expr, context)
        finally:
            self.codes.pop()

    # ------------------------------------------------------------ members

    def member(self, member: sc.Attr | sc.Param, owner: sc.ClassSpec) -> Type:
        """The type of a field, instance or param, as an expression sees it."""
        if isinstance(member, sc.Param):
            return self.names.params.get(member, ANY)
        if member.value is not None:
            return self.value(member, owner)
        wire = self.names.wires.get(member)
        if wire is None:
            return ANY
        kind = self.wire(wire, member)
        return array_of(kind) if member.repeat is not None else kind

    def element(self, attr: sc.Attr) -> Type:
        """The type of one element of a field."""
        wire = self.names.wires.get(attr)
        return ANY if wire is None else self.wire(wire, attr)

    def value(self, attr: sc.Attr, owner: sc.ClassSpec) -> Type:
        """The type of a value instance; one that needs itself is a mistake of whoever asks.

        A long chain of instances is typed from its end, so that it cannot exhaust the stack: what lies too deep is put
        on a list, typed first, and then all is tried again.
        """
        if self._depth or attr in self._values:
            return self._value(attr, owner)
        waiting = {attr: owner}
        while waiting:
            try:
                self._value(*next(reversed(waiting.items())))
                waiting.popitem()
            except _TooDeep as deep:
                if deep.attr in waiting:
                    self.problems.add("SF303", deep.attr.id_place, f"instance '{deep.attr.id}' needs its own value")
                    self._values[deep.attr] = ANY
                else:
                    waiting[deep.attr] = deep.owner
        return self._value(attr, owner)

    def _value(self, attr: sc.Attr, owner: sc.ClassSpec) -> Type:
        if attr in self._values:
            known = self._values[attr]
            if known is None:
                raise Mistake("SF303", f"instance '{attr.id}' needs its own value", 0)
            return known
        if self._depth and self.level > _DEEPEST:
            raise _TooDeep(attr, owner)
        assert attr.value is not None
        self._values[attr] = None
        self._depth += 1
        try:
            kind = self.of(attr.value, Context(owner))
        except _TooDeep:
            del self._values[attr]
            raise
        finally:
            self._depth -= 1
        if attr in self.names.enums:
            if kind.kind not in ("int", "any"):
                assert attr.enum is not None
                self.problems.add("SF206", attr.enum.place, f"an enum needs an integer, '{attr.id}' is {kind}")
            kind = Type("enum", self.names.enums[attr])
        self._values[attr] = kind
        return kind

    def wire(self, wire: Wire, attr: sc.Attr) -> Type:
        """The type of one value of a wire."""
        if isinstance(wire, Switched):
            return combined([self.wire(case, attr) for _, case in wire.cases]) or UNTYPED
        if isinstance(wire, Number | Bits) and attr in self.names.enums:
            return Type("enum", self.names.enums[attr])
        if isinstance(wire, User):
            return Type("opaque", wire.target) if isinstance(wire.target, str) else Type("user", wire.target)
        if isinstance(wire, Number):
            return FLOAT if wire.kind == "f" else INT
        if isinstance(wire, Bits):
            return BOOL if wire.boolean else INT
        return STR if isinstance(wire, Text) else BYTES

    def parent(self, spec: sc.ClassSpec) -> Type:
        """The type of `_parent` in a class: the one class that has it, or any structure.

        What has no parent (`parent: false`) does not speak of it.
        """
        key = spec, self._handing_on
        if key not in self._parents:
            self._parents[key] = STRUCT  # while it is being found: a parent that needs itself is any structure
            try:
                uses = self.names.parents.get(spec) or self.names.unlikely_parents.get(spec, [])
                if self._handing_on:
                    uses = [use for use in uses if use[1] in self.names.reached] or uses
                kinds = {self._one_parent(parent, owner) for parent, owner in uses if parent is not None}
            except _TooDeep:
                del self._parents[key]
                raise
            if spec.up is not None and len(kinds) == 1:
                self._parents[key] = kinds.pop()
        return self._parents[key]

    def _one_parent(self, parent: sc.ClassSpec | sc.Code, owner: sc.ClassSpec) -> Type:
        if isinstance(parent, sc.ClassSpec):
            return Type("user", parent)
        before, self._handing_on = self._handing_on, True
        try:
            return self.of(parent, Context(owner, indexed=True))  # (`check` knows whether it is)
        finally:
            self._handing_on = before


__all__ = ["Context", "Types"]
