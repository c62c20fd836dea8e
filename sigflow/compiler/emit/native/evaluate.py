"""Expressions of a spec as values of a native measure: the same as `Expressions` gives, over int64 and byte ranges.

What would raise in Python refuses the frame, at the place where it would be raised: such a check is written before
the expression that is given back.  The right side of `and`, `or` and `?:` is worked out only where Python would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from sigflow.compiler import expression as ex
from sigflow.compiler.emit.native import tables
from sigflow.compiler.emit.native.arithmetic import Arithmetic
from sigflow.compiler.emit.native.branches import Branches
from sigflow.compiler.emit.native.builder import FAILED, Builder, Inexpressible, Unreachable
from sigflow.compiler.emit.native.byte_ranges import ByteRanges
from sigflow.compiler.emit.native.statements import Assign, If, Node
from sigflow.compiler.emit.native.tree import Compare, Not, call, printed
from sigflow.compiler.emit.native.values import (
    IO,
    Bytes,
    Cases,
    Flag,
    Int,
    Literal,
    SymbolicList,
    SymbolicObject,
    Table,
    Unknown,
    Value,
    both,
    either,
)
from sigflow.compiler.layout import constant
from sigflow.compiler.types import Types

#: What is longer than this as text gets a local.
_LONG = 60


@dataclass(frozen=True, slots=True)
class Context:
    """Where an expression stands: the object, and what `_`, `_on` and `_index` are."""

    obj: SymbolicObject | None
    element: Value = None
    on: Value = None
    index: Int | None = None


class Evaluator:
    """Works expressions out.  member: gives the value of a member of an object; io: its stream."""

    def __init__(
        self,
        builder: Builder,
        types: Types,
        member: Callable[[SymbolicObject, str], Value],
        io: Callable[[SymbolicObject], Value],
    ) -> None:
        self.builder = builder
        self.types = types
        self.member = member
        self.io = io
        self.arithmetic = Arithmetic(builder)
        self.branches = Branches(builder)
        self.byte_ranges = ByteRanges(builder, self.branches)

    # ------------------------------------------------------------ entry

    def value(self, expr: ex.Expr, context: Context) -> Value:
        """The value of an expression."""
        folded = constant(expr)
        if folded is not None:
            return self.constant(folded)
        return _NODES[type(expr)](self, expr, context)

    def integer(self, expr: ex.Expr, context: Context) -> Int:
        """The same, an integer; what is none would raise."""
        return self.as_int(self.value(expr, context))

    def truth(self, expr: ex.Expr, context: Context) -> Flag:
        """The same, a truth."""
        return self.as_flag(self.value(expr, context))

    def short(self, value: Value, wanted: str) -> Value:
        """The value by a local, if its expression is long."""
        if isinstance(value, Int | Flag) and len(printed(value.expr)) > _LONG:
            local = self.builder.let(wanted, value.expr)
            if isinstance(value, Int):
                return Int(local, value.low, value.high)
            return Flag(local, value.yes, value.no)
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
        self.builder.leave(FAILED)

    def as_int(self, value: Value) -> Int:
        """An integer; what is none would raise, or is not for this measure."""
        if isinstance(value, Cases):
            value = self.branches.dispatch(value, self.as_int)
        if value is None:
            self.fail()
        if isinstance(value, Flag):  # (Python computes with truths)
            return Int(call("int", value.expr), 0, 1)
        if not isinstance(value, Int):
            raise Inexpressible(described(value))
        return self.builder.refined(value)

    def as_flag(self, value: Value) -> Flag:
        """A truth."""
        if isinstance(value, Cases):
            value = self.branches.dispatch(value, self.as_flag)
        if value is None:
            return Flag.of(False)
        if isinstance(value, Int):
            return self.arithmetic.compare("!=", value, Int.of(0))
        if not isinstance(value, Flag):
            raise Inexpressible(described(value))
        return value

    # ------------------------------------------------------------ nodes

    def _name(self, expr: ex.Name, context: Context) -> Value:
        if expr.id == "_sizeof":
            return Int.of(self.types.sizes[expr])
        special = _SPECIAL.get(expr.id)
        if special is not None:
            return special(self, context)
        return self.member(self.obj(context), expr.id)

    @staticmethod
    def obj(context: Context) -> SymbolicObject:
        """The object that an expression speaks of."""
        if context.obj is None:
            raise Inexpressible("an argument of the unit that is no constant")
        return context.obj

    def _index(self, context: Context) -> Value:
        if context.index is None:
            raise Inexpressible("`_index` outside of a list")
        return context.index

    def _is_le(self, context: Context) -> Value:
        is_le = self.obj(context).is_le
        if is_le is None:
            raise Inexpressible("`_is_le`")
        return is_le

    def _attribute(self, expr: ex.Attribute, context: Context) -> Value:
        return self._method(expr, expr.value, expr.id, (), context)

    def _call(self, expr: ex.Call, context: Context) -> Value:
        return self._method(expr, expr.value, expr.id, expr.arguments, context)

    def _method(
        self, expr: ex.Expr, value: ex.Expr, name: str, arguments: tuple[ex.Expr, ...], context: Context
    ) -> Value:
        if expr in self.types.sizes:
            return Int.of(self.types.sizes[expr])
        return self.access(self.value(value, context), name, arguments, context)

    def access(self, value: Value, name: str, arguments: tuple[ex.Expr, ...], context: Context) -> Value:
        """A member or a method of a value."""
        if isinstance(value, Cases):
            return self.branches.dispatch(value, lambda case: self.access(case, name, arguments, context))
        if value is None:
            self.fail()
        if isinstance(value, SymbolicObject):
            return self.of_object(value, name)
        if isinstance(value, IO):
            return self.of_stream(value, name)
        if isinstance(value, SymbolicList):
            return self.of_list(value, name)
        if isinstance(value, Table):
            return self.of_table(value, name)
        if isinstance(value, Int | Flag) and name == "to_i":
            return self.as_int(value)
        if isinstance(value, Bytes | Literal):
            return self.byte_ranges.method(value, name, [self.value(argument, context) for argument in arguments])
        raise Inexpressible(f"`{name}` of {described(value)}")

    def of_object(self, obj: SymbolicObject, name: str) -> Value:
        """A member of an object, or what belongs to every object."""
        if name == "_parent":
            return obj.parent
        if name == "_root":
            return obj.root
        return self.io(obj) if name == "_io" else self.member(obj, name)

    @staticmethod
    def of_list(values: SymbolicList, name: str) -> Value:
        """`size`, `first` and `last` of a list."""
        if name in ("size", "length"):
            return values.size()
        if name == "first":
            return values.first()
        if name == "last":
            return values.last()
        raise Inexpressible(f"`{name}` of a list")

    def of_table(self, value: Table, name: str) -> Value:
        """`size`, `first` and `last` of a list of constants."""
        if name in ("size", "length"):
            return Int.of(value.shape[0])
        if name in ("first", "last"):
            return tables.element(self.builder, value, Int.of(0 if name == "first" else value.shape[0] - 1))
        raise Inexpressible(f"`{name}` of a list")

    def of_stream(self, io: IO, name: str) -> Value:
        """`size`, `pos` and `eof` of a stream."""
        if name == "size":
            return io.stream.whole()
        if self.builder.memoizing:
            raise Inexpressible("an instance that depends on how far its stream has been read")
        if name == "pos":
            return io.stream.place()
        if name == "eof":
            return io.stream.ended()
        raise Inexpressible(f"`{name}` of a stream")

    def _subscript(self, expr: ex.Subscript, context: Context) -> Value:
        value = self.value(expr.value, context)
        index = self.integer(expr.index, context)
        return self.element(value, index)

    def element(self, value: Value, index: Int) -> Value:
        """`value[index]`."""
        if isinstance(value, Cases):
            return self.branches.dispatch(value, lambda case: self.element(case, index))
        if value is None:
            self.fail()
        if isinstance(value, Literal) and isinstance(value.value, bytes):
            value = Table(tuple(value.value), (len(value.value),))
        if isinstance(value, Table):
            return tables.element(self.builder, value, self.arithmetic.narrow(index))
        if isinstance(value, Bytes | Literal):
            return self.byte_ranges.byte(value, self.arithmetic.narrow(index))
        if isinstance(value, SymbolicList):
            return value.at(self.arithmetic.narrow(index))
        raise Inexpressible(f"an element of {described(value)}")

    def _list(self, expr: ex.ListOf, _around: Context) -> Value:
        if self.types.nodes[expr].kind == "bytes":
            return Literal(bytes(item.value for item in expr.items if isinstance(item, ex.Int)))
        table = tables.table_of(expr)
        if table is None:
            raise Inexpressible("a list of what are no constants")
        return table

    def _unary(self, expr: ex.Unary, context: Context) -> Value:
        if expr.op == "not":
            return self.truth(expr.value, context).negated()
        value = self.integer(expr.value, context)
        return self.arithmetic.negative(value) if expr.op == "-" else self.arithmetic.inverted(value)

    def _binary(self, expr: ex.Binary, context: Context) -> Value:
        if expr.op == "/" and self.types.nodes[expr].kind != "int":
            raise Inexpressible("a division that is not one of integers")
        left = self.value(expr.left, context)
        if isinstance(left, Bytes | Literal):
            raise Inexpressible(f"`{expr.op}` of {described(left)}")
        number = self.as_int(left)
        return self.arithmetic.binary(expr.op, number, self.integer(expr.right, context), FAILED)

    def _compare(self, expr: ex.Compare, context: Context) -> Value:
        left = self.value(expr.left, context)
        return self.compare(expr.op, left, self.value(expr.right, context))

    def compare(self, op: str, left: Value, right: Value) -> Flag:
        """`left op right`."""
        if isinstance(left, Cases):
            return self.as_flag(self.branches.dispatch(left, lambda case: self.compare(op, case, right)))
        if isinstance(right, Cases):
            return self.as_flag(self.branches.dispatch(right, lambda case: self.compare(op, left, case)))
        if left is None or right is None:
            if op not in ("==", "!="):
                self.fail()
            return Flag.of((left is right) == (op == "=="))
        if isinstance(left, Flag) and isinstance(right, Flag) and op in ("==", "!="):
            return self._equal_flags(left, right, op == "==")
        if isinstance(left, Int | Flag) and isinstance(right, Int | Flag):
            return self.arithmetic.compare(op, self.as_int(left), self.as_int(right))
        if isinstance(left, Bytes | Literal) and isinstance(right, Bytes | Literal):
            return self.byte_ranges.compare(op, left, right)
        for side in (left, right):
            if isinstance(side, Unknown):
                raise Inexpressible(side.what)
        raise Inexpressible(f"a comparison of {described(left)} with {described(right)}")

    @staticmethod
    def _equal_flags(left: Flag, right: Flag, equal: bool) -> Flag:
        if left.value is not None:
            left, right = right, left
        if right.value is not None:
            return left if right.value == equal else left.negated()
        return Flag(Compare("==" if equal else "!=", left.expr, right.expr))

    def _logic(self, expr: ex.Logic, context: Context) -> Value:
        left = self.truth(expr.left, context)
        and_ = expr.op == "and"
        if left.value is not None:
            return self.truth(expr.right, context) if left.value == and_ else left
        block: list[Node] = []
        self.builder.flush()
        with self.builder.within(block):
            self.builder.assume(left.yes if and_ else left.no)
            try:
                right = self.truth(expr.right, context)
            except Unreachable:
                right = Flag.of(not and_)
        if not block:
            return both(left, right) if and_ else either(left, right)
        holds = self.builder.let("holds", left.expr)
        self.builder.put(If(holds if and_ else Not(holds), [*block, Assign(holds.name, right.expr)]))
        result = both(left, right) if and_ else either(left, right)
        return Flag(holds, result.yes, result.no)

    def _choice(self, expr: ex.Choice, context: Context) -> Value:
        condition = self.truth(expr.condition, context)
        return self.branches.select(
            condition, lambda: self.value(expr.yes, context), lambda: self.value(expr.no, context)
        )

    def _cast(self, expr: ex.Cast, context: Context) -> Value:
        return self.value(expr.value, context)

    def _size_of(self, expr: ex.SizeOf, _around: Context) -> Value:
        return Int.of(self.types.sizes[expr])

    def _enum_label(self, expr: ex.EnumLabel, _around: Context) -> Value:
        entry = self.types.enums[expr].entry(expr.label)
        assert entry is not None
        return Int.of(entry.value)

    def _no(self, expr: ex.Expr, _around: Context) -> Value:
        raise Inexpressible("a string that is put together")


def described(value: Value) -> str:
    """What a value is, for people."""
    if isinstance(value, Unknown):
        return value.what
    if isinstance(value, SymbolicList | Table):
        return "a list"
    if isinstance(value, Bytes):
        return "a string" if value.encoding else "bytes"
    return _KINDS.get(type(value), "a value")


_KINDS: dict[type, str] = {
    SymbolicObject: "an object", Literal: "a literal", IO: "a stream", Int: "an integer",
}  # fmt: skip
_SPECIAL: dict[str, Callable[[Evaluator, Context], Value]] = {
    "_": lambda _, context: context.element,
    "_on": lambda _, context: context.on,
    "_io": lambda self, context: self.io(self.obj(context)),
    "_root": lambda self, context: self.obj(context).root,
    "_parent": lambda self, context: self.obj(context).parent,
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

__all__ = ["Context", "Evaluator", "described"]
