"""Expressions of a spec as values of a native measure: the same as `Expressions` gives, over int64 and byte ranges.

What would raise in Python refuses the frame, at the place where it would be raised: such a check is written before
the text that is given back.  The right side of `and`, `or` and `?:` is worked out only where Python would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from sigflow.compiler import expression as ex
from sigflow.compiler.emit.expressions import ATOM
from sigflow.compiler.emit.look.arithmetic import Arithmetic
from sigflow.compiler.emit.look.choice import Choices
from sigflow.compiler.emit.look.draft import Draft, Ended, Inexpressible
from sigflow.compiler.emit.look.statements import Assign, If, Node
from sigflow.compiler.emit.look.stretches import Stretches
from sigflow.compiler.emit.look.values import (
    IO,
    Bytes,
    Cases,
    Flag,
    Int,
    Literal,
    Many,
    Thing,
    Unknown,
    Value,
    both,
    either,
    flag,
)
from sigflow.compiler.layout import constant
from sigflow.compiler.types import Types

#: The reason of a frame for which an expression fails.
FAILED = "valid"
#: A text longer than this gets a local.
_LONG = 60


@dataclass(frozen=True, slots=True)
class Around:
    """Where an expression stands: the object, and what `_`, `_on` and `_index` are."""

    thing: Thing | None
    element: Value = None
    on: Value = None
    index: Int | None = None


class Evaluator:
    """Works expressions out.  member: gives the value of a member of an object; io: its stream."""

    def __init__(
        self, draft: Draft, types: Types, member: Callable[[Thing, str], Value], io: Callable[[Thing], Value]
    ) -> None:
        self.draft = draft
        self.types = types
        self.member = member
        self.io = io
        self.sums = Arithmetic(draft)
        self.choices = Choices(draft)
        self.stretches = Stretches(draft, self.choices)

    # ------------------------------------------------------------ entry

    def value(self, expr: ex.Expr, around: Around) -> Value:
        """The value of an expression."""
        known = constant(expr)
        if known is not None:
            return self.constant(known)
        return _NODES[type(expr)](self, expr, around)

    def integer(self, expr: ex.Expr, around: Around) -> Int:
        """The same, an integer; what is none would raise."""
        return self.as_int(self.value(expr, around))

    def truth(self, expr: ex.Expr, around: Around) -> Flag:
        """The same, a truth."""
        return self.as_flag(self.value(expr, around))

    def short(self, value: Value, wanted: str) -> Value:
        """The value by a local, if its text is long."""
        if isinstance(value, Int) and len(value.text) > _LONG:
            name = self.draft.name(wanted)
            self.draft.assign(name, value.text)
            return Int(name, value.low, value.high)
        if isinstance(value, Flag) and len(value.text) > _LONG:
            name = self.draft.name(wanted)
            self.draft.assign(name, value.text)
            return flag(name, ATOM, value.yes, value.no)
        return value

    # ------------------------------------------------------------ kinds of values

    def constant(self, value: int | float | str | bool) -> Value:
        """A constant."""
        if isinstance(value, bool):
            return Flag.of(value)
        if isinstance(value, int):
            return Int.of(value)
        return Literal(value) if isinstance(value, str) else Unknown("a float")

    def fail(self) -> NoReturn:
        """Refuse: Python would raise here."""
        self.draft.leave(FAILED)

    def as_int(self, value: Value) -> Int:
        """An integer; what is none would raise, or is not for this measure."""
        if isinstance(value, Cases):
            value = self.choices.each(value, self.as_int)
        if value is None:
            self.fail()
        if isinstance(value, Flag):  # (Python computes with truths)
            return Int(f"int({value.text})", 0, 1)
        if not isinstance(value, Int):
            raise Inexpressible(described(value))
        return self.draft.known(value)

    def as_flag(self, value: Value) -> Flag:
        """A truth."""
        if isinstance(value, Cases):
            value = self.choices.each(value, self.as_flag)
        if value is None:
            return Flag.of(False)
        if isinstance(value, Int):
            return self.sums.compare("!=", value, Int.of(0))
        if not isinstance(value, Flag):
            raise Inexpressible(described(value))
        return value

    # ------------------------------------------------------------ nodes

    def _name(self, expr: ex.Name, around: Around) -> Value:
        if expr.id == "_sizeof":
            return Int.of(self.types.sizes[expr])
        special = _SPECIAL.get(expr.id)
        if special is not None:
            return special(self, around)
        return self.member(self.thing(around), expr.id)

    @staticmethod
    def thing(around: Around) -> Thing:
        """The object that an expression speaks of."""
        if around.thing is None:
            raise Inexpressible("an argument of the unit that is no constant")
        return around.thing

    def _index(self, around: Around) -> Value:
        if around.index is None:
            raise Inexpressible("`_index` outside of a list")
        return around.index

    def _is_le(self, around: Around) -> Value:
        is_le = self.thing(around).is_le
        if is_le is None:
            raise Inexpressible("`_is_le`")
        return is_le

    def _attribute(self, expr: ex.Attribute, around: Around) -> Value:
        return self._method(expr, expr.value, expr.id, (), around)

    def _call(self, expr: ex.Call, around: Around) -> Value:
        return self._method(expr, expr.value, expr.id, expr.arguments, around)

    def _method(
        self, expr: ex.Expr, value: ex.Expr, name: str, arguments: tuple[ex.Expr, ...], around: Around
    ) -> Value:
        if expr in self.types.sizes:
            return Int.of(self.types.sizes[expr])
        return self.access(self.value(value, around), name, arguments, around)

    def access(self, value: Value, name: str, arguments: tuple[ex.Expr, ...], around: Around) -> Value:
        """A member or a method of a value."""
        if isinstance(value, Cases):
            return self.choices.each(value, lambda one: self.access(one, name, arguments, around))
        if value is None:
            self.fail()
        if isinstance(value, Thing):
            return self.of_thing(value, name)
        if isinstance(value, IO):
            return self.of_stream(value, name)
        if isinstance(value, Many):
            return self.of_list(value, name)
        if isinstance(value, Int | Flag) and name == "to_i":
            return self.as_int(value)
        if isinstance(value, Bytes | Literal):
            given = [self.value(one, around) for one in arguments]
            return self.stretches.method(value, name, given)
        raise Inexpressible(f"`{name}` of {described(value)}")

    def of_thing(self, thing: Thing, name: str) -> Value:
        """A member of an object, or what belongs to every object."""
        if name == "_parent":
            return thing.parent
        if name == "_root":
            return thing.root
        return self.io(thing) if name == "_io" else self.member(thing, name)

    @staticmethod
    def of_list(many: Many, name: str) -> Value:
        """`size`, `first` and `last` of a list."""
        if name in ("size", "length"):
            return many.size()
        if name == "first":
            return many.first()
        if name == "last":
            return many.last()
        raise Inexpressible(f"`{name}` of a list")

    def of_stream(self, io: IO, name: str) -> Value:
        """`size`, `pos` and `eof` of a stream."""
        if name == "size":
            return io.stream.whole()
        if self.draft.lasting:
            raise Inexpressible("an instance that depends on how far its stream has been read")
        if name == "pos":
            return io.stream.place()
        if name == "eof":
            return io.stream.ended()
        raise Inexpressible(f"`{name}` of a stream")

    def _subscript(self, expr: ex.Subscript, around: Around) -> Value:
        value = self.value(expr.value, around)
        index = self.integer(expr.index, around)
        return self.element(value, index)

    def element(self, value: Value, index: Int) -> Value:
        """`value[index]`."""
        if isinstance(value, Cases):
            return self.choices.each(value, lambda one: self.element(one, index))
        if value is None:
            self.fail()
        if isinstance(value, Bytes | Literal):
            return self.stretches.byte(value, self.sums.narrow(index))
        if isinstance(value, Many):
            return value.at(self.sums.narrow(index))
        raise Inexpressible(f"an element of {described(value)}")

    def _list(self, expr: ex.ListOf, _around: Around) -> Value:
        if self.types.nodes[expr].kind == "bytes":
            return Literal(bytes(item.value for item in expr.items if isinstance(item, ex.Int)))
        raise Inexpressible("a list")

    def _unary(self, expr: ex.Unary, around: Around) -> Value:
        if expr.op == "not":
            return self.truth(expr.value, around).negated()
        value = self.integer(expr.value, around)
        return self.sums.negative(value) if expr.op == "-" else self.sums.inverted(value)

    def _binary(self, expr: ex.Binary, around: Around) -> Value:
        if expr.op == "/" and self.types.nodes[expr].kind != "int":
            raise Inexpressible("a division that is not one of integers")
        left = self.value(expr.left, around)
        if isinstance(left, Bytes | Literal):
            raise Inexpressible(f"`{expr.op}` of {described(left)}")
        number = self.as_int(left)
        return self.sums.binary(expr.op, number, self.integer(expr.right, around), FAILED)

    def _compare(self, expr: ex.Compare, around: Around) -> Value:
        left = self.value(expr.left, around)
        return self.compare(expr.op, left, self.value(expr.right, around))

    def compare(self, op: str, left: Value, right: Value) -> Flag:
        """`left op right`."""
        if isinstance(left, Cases):
            return self.as_flag(self.choices.each(left, lambda one: self.compare(op, one, right)))
        if isinstance(right, Cases):
            return self.as_flag(self.choices.each(right, lambda one: self.compare(op, left, one)))
        if left is None or right is None:
            if op not in ("==", "!="):
                self.fail()
            return Flag.of((left is right) == (op == "=="))
        if isinstance(left, Flag) and isinstance(right, Flag) and op in ("==", "!="):
            return self._equal_flags(left, right, op == "==")
        if isinstance(left, Int | Flag) and isinstance(right, Int | Flag):
            return self.sums.compare(op, self.as_int(left), self.as_int(right))
        if isinstance(left, Bytes | Literal) and isinstance(right, Bytes | Literal):
            return self.stretches.compare(op, left, right)
        for one in (left, right):
            if isinstance(one, Unknown):
                raise Inexpressible(one.what)
        raise Inexpressible(f"a comparison of {described(left)} with {described(right)}")

    @staticmethod
    def _equal_flags(left: Flag, right: Flag, equal: bool) -> Flag:
        if left.value is not None:
            left, right = right, left
        if right.value is not None:
            return left if right.value == equal else left.negated()
        text = f"{left.at(5)} {{}} {right.at(5)}"
        op, other = ("==", "!=") if equal else ("!=", "==")
        return Flag(text.format(op), 4, text.format(other), 4)

    def _logic(self, expr: ex.Logic, around: Around) -> Value:
        left = self.truth(expr.left, around)
        and_ = expr.op == "and"
        if left.value is not None:
            return self.truth(expr.right, around) if left.value == and_ else left
        block: list[Node] = []
        self.draft.settle()
        with self.draft.within(block):
            self.draft.learn(left.yes if and_ else left.no)
            try:
                right = self.truth(expr.right, around)
            except Ended:
                right = Flag.of(not and_)
        if not block:
            return both(left, right) if and_ else either(left, right)
        name = self.draft.name("holds")
        self.draft.assign(name, left.text)
        node = If(name if and_ else f"not {name}", [*block, Assign(name, right.text)])
        self.draft.put(node)
        found = both(left, right) if and_ else either(left, right)
        return flag(name, ATOM, found.yes, found.no)

    def _choice(self, expr: ex.Choice, around: Around) -> Value:
        condition = self.truth(expr.condition, around)
        return self.choices.either(condition, lambda: self.value(expr.yes, around), lambda: self.value(expr.no, around))

    def _cast(self, expr: ex.Cast, around: Around) -> Value:
        return self.value(expr.value, around)

    def _size_of(self, expr: ex.SizeOf, _around: Around) -> Value:
        return Int.of(self.types.sizes[expr])

    def _enum_label(self, expr: ex.EnumLabel, _around: Around) -> Value:
        entry = self.types.enums[expr].entry(expr.label)
        assert entry is not None
        return Int.of(entry.value)

    def _no(self, expr: ex.Expr, _around: Around) -> Value:
        raise Inexpressible("a string that is put together")


def described(value: Value) -> str:
    """What a value is, for people."""
    if isinstance(value, Unknown):
        return value.what
    if isinstance(value, Many):
        return "a list"
    if isinstance(value, Bytes):
        return "a string" if value.encoding else "bytes"
    return _KINDS.get(type(value), "a value")


_KINDS: dict[type, str] = {
    Thing: "an object", Literal: "a literal", IO: "a stream", Int: "an integer",
}  # fmt: skip
_SPECIAL: dict[str, Callable[[Evaluator, Around], Value]] = {
    "_": lambda _, around: around.element,
    "_on": lambda _, around: around.on,
    "_io": lambda self, around: self.io(self.thing(around)),
    "_root": lambda self, around: self.thing(around).root,
    "_parent": lambda self, around: self.thing(around).parent,
    "_index": Evaluator._index,
    "_is_le": Evaluator._is_le,
}
_NODES: dict[type[ex.Expr], Callable[..., Value]] = {
    ex.Format: Evaluator._no,
    ex.Name: Evaluator._name,
    ex.Attribute: Evaluator._attribute,
    ex.Call: Evaluator._call,
    ex.Subscript: Evaluator._subscript,
    ex.ListOf: Evaluator._list,
    ex.Unary: Evaluator._unary,
    ex.Binary: Evaluator._binary,
    ex.Compare: Evaluator._compare,
    ex.Logic: Evaluator._logic,
    ex.Choice: Evaluator._choice,
    ex.Cast: Evaluator._cast,
    ex.SizeOf: Evaluator._size_of,
    ex.EnumLabel: Evaluator._enum_label,
}

__all__ = ["FAILED", "Around", "Evaluator", "described"]
