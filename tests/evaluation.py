"""Expressions as the reference interpreter evaluates them: a walk over the tree, by the Python type of each value.

Nothing is folded and nothing is text; `sigflow.compiler.emit.expressions` is not looked at.  From the types it takes
whether a division is one of integers, which enum a label is of, whether a list is bytes, and the fixed sizes.
An object is anything whose `get` gives its members by ID.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sigflow.compiler import encodings
from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.types import Types
from sigflow.errors import LimitExceeded
from tests.byte_reader import Reader

#: A shift by more would only fill the memory.
MOST_SHIFTED = 1 << 16


class Member(int):
    """A value of an enum that has a name."""

    label: str
    enum: sc.Enum


def named(enum: sc.Enum | None, value: Any) -> Any:
    """The enum's member of this value (the first written), or the value itself where it has no name."""
    entry = next((known for known in enum.entries if known.value == value), None) if enum is not None else None
    if entry is None or enum is None:
        return value
    member = Member(value)
    member.label, member.enum = entry.id, enum
    return member


@dataclass(slots=True)
class Frame:
    """Where an expression is evaluated: the object, and what `_`, `_on` and `_index` are."""

    thing: Any
    item: Any = None
    on: Any = None
    index: int = 0


def evaluate(expr: ex.Expr, frame: Frame, types: Types) -> Any:
    """The value of a tree."""
    return _NODES[type(expr)](expr, frame, lambda inner: evaluate(inner, frame, types), types)


_Eval = Callable[[ex.Expr], Any]
_SPECIAL: dict[str, Callable[[Frame], Any]] = {
    "_": lambda frame: frame.item,
    "_on": lambda frame: frame.on,
    "_index": lambda frame: frame.index,
}
_UNARY: dict[str, Callable[[Any], Any]] = {"not": operator.not_, "-": operator.neg, "~": operator.invert}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "%": operator.mod, ">>": operator.rshift,
    "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_OF_LISTS: dict[str, Callable[..., Any]] = {
    "length": len,
    "size": len,
    "first": lambda items: items[0],
    "last": lambda items: items[-1],
    "min": min,
    "max": max,
}
_METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    list: _OF_LISTS,
    bytes: {
        **_OF_LISTS,
        "to_s": lambda data, encoding: data.decode(encodings.python_name(encoding)),
        "index_of": lambda data, byte: data.find(byte),
    },
    str: {
        "length": len,
        "reverse": lambda text: "".join(reversed(text)),
        "to_i": lambda text, base=10: int(text, base),
        "to_b": lambda text, encoding: text.encode(encodings.python_name(encoding)),
        "substring": lambda text, start, stop: text[start:stop],
    },
    int: {"to_s": str, "to_i": int},
    Member: {"to_i": int},
    bool: {"to_i": int},
    float: {"to_i": int},
    Reader: {"size": lambda io: len(io.data), "pos": Reader.pos, "eof": Reader.eof},
}


def _name(expr: ex.Name, frame: Frame, _of: _Eval, types: Types) -> Any:
    if expr in types.sizes:
        return types.sizes[expr]
    special = _SPECIAL.get(expr.id)
    return special(frame) if special is not None else frame.thing.get(expr.id)


def _access(expr: ex.Attribute | ex.Call, _frame: Frame, of: _Eval, types: Types) -> Any:
    if expr in types.sizes:
        return types.sizes[expr]
    value = of(expr.value)
    method = _METHODS.get(type(value), {}).get(expr.id)
    if method is not None:
        return method(value, *map(of, expr.arguments if isinstance(expr, ex.Call) else ()))
    if value is None:
        raise AttributeError(f"there is no object to take '{expr.id}' of")
    return value.get(expr.id)


def _list(expr: ex.ListOf, _frame: Frame, of: _Eval, types: Types) -> Any:
    items = [of(item) for item in expr.items]
    return bytes(items) if types.nodes[expr].kind == "bytes" else items


def _unary(expr: ex.Unary, _frame: Frame, of: _Eval, _types: Types) -> Any:
    return _UNARY[expr.op](of(expr.value))


def _binary(expr: ex.Binary, _frame: Frame, of: _Eval, types: Types) -> Any:
    left, right = of(expr.left), of(expr.right)
    if expr.op == "/":
        return left // right if types.nodes[expr].kind == "int" else left / right
    if expr.op == "<<":
        if right > MOST_SHIFTED:
            raise LimitExceeded(f"a shift by {right} bits", found=right, limit=MOST_SHIFTED)
        return left << right
    return _OPERATORS[expr.op](left, right)


def _logic(expr: ex.Logic, _frame: Frame, of: _Eval, _types: Types) -> Any:
    return (of(expr.left) and of(expr.right)) if expr.op == "and" else (of(expr.left) or of(expr.right))


def _label(expr: ex.EnumLabel, _frame: Frame, _of: _Eval, types: Types) -> Any:
    enum = types.enums[expr]
    return named(enum, next(entry.value for entry in enum.entries if entry.id == expr.label))


_NODES: dict[type[ex.Expr], Callable[..., Any]] = {
    **dict.fromkeys((ex.Int, ex.Float, ex.Str, ex.Bool), lambda expr, frame, of, types: expr.value),
    ex.Format: lambda expr, frame, of, types: "".join(str(of(part)) for part in expr.parts),
    ex.Name: _name,
    ex.EnumLabel: _label,
    ex.Attribute: _access,
    ex.Call: _access,
    ex.Subscript: lambda expr, frame, of, types: of(expr.value)[of(expr.index)],
    ex.ListOf: _list,
    ex.Unary: _unary,
    ex.Binary: _binary,
    ex.Compare: lambda expr, frame, of, types: _OPERATORS[expr.op](of(expr.left), of(expr.right)),
    ex.Logic: _logic,
    ex.Choice: lambda expr, frame, of, types: of(expr.yes if of(expr.condition) else expr.no),
    ex.Cast: lambda expr, frame, of, types: of(expr.value),
    ex.SizeOf: lambda expr, frame, of, types: types.sizes[expr],
}
