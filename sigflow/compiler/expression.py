"""The expression language: its tree.  Each node keeps its offset in the text, from which its place follows."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: What the comparisons of the language do, by what stands for them.
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Expr:
    """Any expression; `at` is its offset in the text."""

    at: int


@dataclass(frozen=True, slots=True, eq=False)
class Int(Expr):
    """An integer literal."""

    value: int


@dataclass(frozen=True, slots=True, eq=False)
class Float(Expr):
    """A floating-point literal."""

    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Str(Expr):
    """A string literal."""

    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Format(Expr):
    """An f-string: literal strings and expressions in turn."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Bool(Expr):
    """true or false."""

    value: bool


@dataclass(frozen=True, slots=True, eq=False)
class Name(Expr):
    """A field, an instance, a param, or a special name (`_`, `_io`, `_root`, ...)."""

    id: str


@dataclass(frozen=True, slots=True, eq=False)
class EnumLabel(Expr):
    """`type::enum::label`: the path of types (may be empty), the enum, the label and its offset."""

    path: tuple[str, ...]
    enum: str
    label: str
    label_at: int


@dataclass(frozen=True, slots=True, eq=False)
class Attribute(Expr):
    """`value.id`, and the offset of the id."""

    value: Expr
    id: str
    id_at: int


@dataclass(frozen=True, slots=True, eq=False)
class Call(Expr):
    """`value.id(arguments)`, and the offset of the id."""

    value: Expr
    id: str
    arguments: tuple[Expr, ...]
    id_at: int


@dataclass(frozen=True, slots=True, eq=False)
class Apply(Expr):
    """`id(arguments)`: a function of conditions and of computed quantities; specs have none."""

    id: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Subscript(Expr):
    """`value[index]`."""

    value: Expr
    index: Expr


@dataclass(frozen=True, slots=True, eq=False)
class ListOf(Expr):
    """`[a, b]`; of small integer literals only, it is a byte array."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Unary(Expr):
    """`-x`, `~x`, `not x`."""

    op: str
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Binary(Expr):
    """Arithmetic and bits."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Compare(Expr):
    """One comparison."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Logic(Expr):
    """`a and b`, `a or b`."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Choice(Expr):
    """`condition ? yes : no`."""

    condition: Expr
    yes: Expr
    no: Expr


@dataclass(frozen=True, slots=True, eq=False)
class TypeName:
    """A type as written: `a::b(arguments)[]`."""

    at: int
    path: tuple[str, ...]
    arguments: tuple[Expr, ...] = ()
    arrays: int = 0
    called: bool = False

    def __str__(self) -> str:
        return "::".join(self.path) + "[]" * self.arrays


@dataclass(frozen=True, slots=True, eq=False)
class Cast(Expr):
    """`value.as<type>`."""

    value: Expr
    type: TypeName


@dataclass(frozen=True, slots=True, eq=False)
class SizeOf(Expr):
    """`sizeof<type>`, or `bitsizeof<type>`."""

    type: TypeName
    bits: bool


def children(expr: Expr) -> list[Expr]:
    """The nodes directly below a node."""
    parts: list[Expr] = []
    for name in expr.__dataclass_fields__:
        value = getattr(expr, name)
        if isinstance(value, Expr):
            parts.append(value)
        elif isinstance(value, tuple):
            parts.extend(part for part in value if isinstance(part, Expr))
    return parts


def path(expr: Expr) -> tuple[str, ...] | None:
    """The names that lead to a field, from outside in; None where the expression is more than names."""
    names: list[str] = []
    while isinstance(expr, Attribute):
        names.append(expr.id)
        expr = expr.value
    return (expr.id, *reversed(names)) if isinstance(expr, Name) else None


def walk(expr: Expr) -> list[Expr]:
    """A node and all below it."""
    parts: list[Expr] = []
    stack = [expr]
    while stack:
        parts.append(part := stack.pop())
        stack.extend(children(part))
    return parts
