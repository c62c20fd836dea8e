"""Statements of the native measure as a tree, what of them remains, and their lines.

An expression has no effects.  So an assignment to a name that no remaining statement uses may go, and so may a loop or
a condition with nothing in it that remains.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sigflow.compiler.emit.native.tree import Expr, Local, Logic, Truth, nodes, operands_of, printed

#: How long a line may be.
_WIDTH = 120


@dataclass(slots=True)
class Assign:
    """`name = value`."""

    name: str
    value: Expr


@dataclass(slots=True)
class Store:
    """`box[slot] = value`, or, where it adds, `box[slot] += value`."""

    slot: int
    value: Expr
    adds: bool = False


@dataclass(slots=True)
class StoreAt:
    """The same, where the place is not known beforehand."""

    slot: Local
    value: Expr


@dataclass(slots=True)
class Return:
    """`return value`, with a comment."""

    value: Expr
    note: str = ""


@dataclass(slots=True)
class Break:
    """`break`."""


@dataclass(slots=True)
class If:
    """`if condition:` ... `else:` ..."""

    condition: Expr
    then: list[Node] = field(default_factory=list)
    other: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class While:
    """`while condition:`."""

    condition: Expr = Truth(True)  # noqa: RUF009 (frozen)
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class For:
    """`for name in range(count):`."""

    name: str
    count: Expr
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """Statements that are added later, at a place left for them."""

    body: list[Node] = field(default_factory=list)


Loop = While | For
Node = Assign | Store | StoreAt | Return | Break | If | Loop | Group


def eliminate_dead_code(root: list[Node]) -> list[Node]:
    """The statements without those that nothing needs."""
    live: set[str] = set()
    while True:
        kept = _kept(root, live)
        needed = {node.name for expr in exprs(kept) for node in nodes(expr) if isinstance(node, Local)}
        if needed <= live:
            return kept
        live |= needed


def _kept(block: list[Node], live: set[str]) -> list[Node]:
    """The statements that have an effect or set a local that is live."""
    kept: list[Node] = []
    for node in block:
        match node:
            case Group(body):
                kept += _kept(body, live)
                continue
            case Assign(name) if name not in live:
                continue
            case If(condition, then, other):
                node = If(condition, _kept(then, live), _kept(other, live))
                if not node.then and not node.other:
                    continue
            case While() | For():
                node = replace(node, body=_kept(node.body, live))
                if all(isinstance(inner, If | Break) for inner in _walk(node.body)):
                    continue
        kept.append(node)
    return kept


def _walk(block: list[Node]) -> Iterator[Node]:
    """All statements of a block, with those of inner blocks."""
    for node in block:
        yield node
        match node:
            case If():
                yield from _walk(node.then)
                yield from _walk(node.other)
            case While() | For() | Group():
                yield from _walk(node.body)


def exprs(block: list[Node]) -> Iterator[Expr]:
    """The expressions of all statements of a block."""
    for node in _walk(block):
        match node:
            case Assign(_, expr) | Store(_, expr) | Return(expr) | If(expr) | While(expr) | For(_, expr):
                yield expr
            case StoreAt(slot, expr):
                yield slot
                yield expr


def lines_of(block: list[Node], indent: str = "") -> Iterator[str]:
    """The statements as lines of Python."""
    inner = indent + "    "
    for node in block:
        match node:
            case Assign(name, value):
                yield from _line(f"{name} = ", value, "", indent)
            case Store(slot, value, adds):
                yield from _line(f"box[{slot}] {'+=' if adds else '='} ", value, "", indent)
            case StoreAt(place, value):
                yield from _line(f"box[{printed(place)}] = ", value, "", indent)
            case Return(value, note):
                yield from _line("return ", value, f"  # {note}" if note else "", indent)
            case Break():
                yield f"{indent}break"
            case While(condition, body):
                yield from _line("while ", condition, ":", indent)
                yield from lines_of(body, inner)
            case For(name, count, body):
                yield f"{indent}for {name} in range({printed(count)}):"
                yield from lines_of(body, inner)
            case Group(body):
                yield from lines_of(body, indent)
            case If(condition, [], other):
                yield f"{indent}if not ({printed(condition)}):"
                yield from lines_of(other, inner)
            case If(condition, then, other):
                yield from _line("if ", condition, ":", indent)
                yield from lines_of(then, inner)
                if len(other) == 1 and isinstance(other[0], If) and other[0].then:
                    first, *more = lines_of(other, indent)
                    yield f"{indent}el{first.removeprefix(indent)}"
                    yield from more
                elif other:
                    yield f"{indent}else:"
                    yield from lines_of(other, inner)


def _line(before: str, expr: Expr, after: str, indent: str) -> Iterator[str]:
    """A statement with one expression: a line, or, where that is too long, one for each operand of `and` or `or`."""
    line = f"{indent}{before}{printed(expr)}{after}"
    if len(line) <= _WIDTH or not isinstance(expr, Logic):
        yield line
        return
    yield f"{indent}{before}("
    for number, text in enumerate(operands_of(expr)):
        yield f"{indent}    {expr.op + ' ' if number else ''}{text}"
    yield f"{indent}){after}"
