"""Statements of the native measure as a tree, what of them remains, and their lines.

An expression has no effects.  So an assignment to a name that no remaining statement uses may go, and so may a loop or
a condition with nothing in it that remains.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sigflow.compiler.emit.native.tree import Call, Expr, Local, Truth, nodes, printed


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
Node = Assign | Store | Return | Break | If | Loop | Group


def eliminate_dead_code(root: list[Node]) -> list[Node]:
    """The statements without those that nothing needs."""
    live: set[str] = set()
    while True:
        before = len(live)
        _mark(root, live, False)
        if len(live) == before:
            return _kept(root, live, False)


def calls_of(block: list[Node]) -> set[str]:
    """The names of the functions that the statements call."""
    names = {node.function for expr in _exprs(block) for node in nodes(expr) if isinstance(node, Call)}
    for blocks in map(_blocks, block):
        for inner in blocks:
            names |= calls_of(inner)
    return names


def _exprs(block: list[Node]) -> Iterator[Expr]:
    """The expressions that the statements themselves evaluate, without those of inner blocks."""
    for node in block:
        match node:
            case Assign() | Store() | Return():
                yield node.value
            case If() | While():
                yield node.condition
            case For():
                yield node.count


def _blocks(node: Node) -> tuple[list[Node], ...]:
    """The inner blocks of a statement."""
    match node:
        case If():
            return node.then, node.other
        case While() | For() | Group():
            return (node.body,)
    return ()


def _matters(node: Node, live: set[str], looped: bool) -> bool:
    """Whether a statement stays.  looped: a `break` in it ends a loop that stays."""
    match node:
        case Assign():
            return node.name in live
        case Break():
            return looped
        case Store() | Return():
            return True
    looped = looped and not isinstance(node, Loop)
    return any(_matters(inner, live, looped) for block in _blocks(node) for inner in block)


def _mark(block: list[Node], live: set[str], looped: bool) -> None:
    """Add the locals that the statements need, of those that stay."""
    for node in block:
        if _matters(node, live, looped):
            for expr in _exprs([node]):
                live.update(inner.name for inner in nodes(expr) if isinstance(inner, Local))
            for inner_block in _blocks(node):
                _mark(inner_block, live, looped or isinstance(node, Loop))


def _kept(block: list[Node], live: set[str], looped: bool) -> list[Node]:
    kept: list[Node] = []
    for node in block:
        if not _matters(node, live, looped):
            continue
        match node:
            case If():
                node = If(node.condition, _kept(node.then, live, looped), _kept(node.other, live, looped))
            case While():
                node = While(node.condition, _kept(node.body, live, True))
            case For():
                node = For(node.name, node.count, _kept(node.body, live, True))
            case Group():
                kept += _kept(node.body, live, looped)
                continue
        kept.append(node)
    return kept


def lines_of(block: list[Node], indent: str = "") -> Iterator[str]:
    """The statements as lines of Python."""
    inner = indent + "    "
    for node in block:
        match node:
            case Assign():
                yield f"{indent}{node.name} = {printed(node.value)}"
            case Store():
                yield f"{indent}box[{node.slot}] {'+=' if node.adds else '='} {printed(node.value)}"
            case Return():
                yield f"{indent}return {printed(node.value)}" + (f"  # {node.note}" if node.note else "")
            case Break():
                yield f"{indent}break"
            case While():
                yield f"{indent}while {printed(node.condition)}:"
                yield from lines_of(node.body, inner)
            case For():
                yield f"{indent}for {node.name} in range({printed(node.count)}):"
                yield from lines_of(node.body, inner)
            case Group():
                yield from lines_of(node.body, indent)
            case If(condition, [], other):
                yield f"{indent}if not ({printed(condition)}):"
                yield from lines_of(other, inner)
            case If(condition, then, other):
                yield f"{indent}if {printed(condition)}:"
                yield from lines_of(then, inner)
                if len(other) == 1 and isinstance(other[0], If) and other[0].then:
                    first, *more = lines_of(other, indent)
                    yield f"{indent}el{first.removeprefix(indent)}"
                    yield from more
                elif other:
                    yield f"{indent}else:"
                    yield from lines_of(other, inner)
