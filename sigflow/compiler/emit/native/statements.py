"""Statements as a tree of small nodes over text, what of them remains, and their lines.

An expression has no effects.  So an assignment to a name that no remaining statement uses may go, and so may a loop or
a condition with nothing in it that remains.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(slots=True)
class Assign:
    """`name = text`."""

    name: str
    text: str


@dataclass(slots=True)
class Do:
    """A statement with an effect."""

    text: str


@dataclass(slots=True)
class Exit:
    """`return code`, with a comment."""

    code: str
    note: str


@dataclass(slots=True)
class Break:
    """`break`."""


@dataclass(slots=True)
class If:
    """`if condition:` ... `else:` ..."""

    condition: str
    then: list[Node] = field(default_factory=list)
    other: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Loop:
    """`for ... in range(...):` or `while True:`."""

    head: str
    body: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """Statements that are added later, at a place left for them."""

    body: list[Node] = field(default_factory=list)


Node = Assign | Do | Exit | Break | If | Loop | Group


def eliminate_dead_code(root: list[Node]) -> list[Node]:
    """The statements without those that nothing needs."""
    live: set[str] = set()
    while True:
        before = len(live)
        _mark(root, live, False)
        if len(live) == before:
            return _kept(root, live, False)


def _matters(node: Node, live: set[str], looped: bool) -> bool:
    """Whether a statement stays.  looped: a `break` in it ends a loop that stays."""
    if isinstance(node, Assign):
        return node.name in live
    if isinstance(node, If):
        return any(_matters(one, live, looped) for one in (*node.then, *node.other))
    if isinstance(node, Loop):
        return any(_matters(one, live, False) for one in node.body)
    if isinstance(node, Group):
        return any(_matters(one, live, looped) for one in node.body)
    return looped if isinstance(node, Break) else True


def _mark(block: list[Node], live: set[str], looped: bool) -> None:
    for node in block:
        if not _matters(node, live, looped):
            continue
        if isinstance(node, Assign | Do):
            live.update(_NAME.findall(node.text))
        elif isinstance(node, If):
            live.update(_NAME.findall(node.condition))
            _mark(node.then, live, looped)
            _mark(node.other, live, looped)
        elif isinstance(node, Loop):
            live.update(_NAME.findall(node.head))
            _mark(node.body, live, True)
        elif isinstance(node, Group):
            _mark(node.body, live, looped)
        elif isinstance(node, Exit):
            live.update(_NAME.findall(node.code))


def _kept(block: list[Node], live: set[str], looped: bool) -> list[Node]:
    kept: list[Node] = []
    for node in block:
        if not _matters(node, live, looped):
            continue
        if isinstance(node, If):
            node = If(node.condition, _kept(node.then, live, looped), _kept(node.other, live, looped))
        elif isinstance(node, Loop):
            node = Loop(node.head, _kept(node.body, live, True))
        elif isinstance(node, Group):
            kept += _kept(node.body, live, looped)
            continue
        kept.append(node)
    return kept


def lines_of(block: list[Node], indent: str = "") -> Iterator[str]:
    """The statements as lines of Python."""
    for node in block:
        if isinstance(node, Assign):
            yield f"{indent}{node.name} = {node.text}"
        elif isinstance(node, Do):
            yield f"{indent}{node.text}"
        elif isinstance(node, Exit):
            yield f"{indent}return {node.code}" + (f"  # {node.note}" if node.note else "")
        elif isinstance(node, Break):
            yield f"{indent}break"
        elif isinstance(node, Loop):
            yield f"{indent}{node.head}:"
            yield from lines_of(node.body, indent + "    ")
        elif isinstance(node, Group):
            yield from lines_of(node.body, indent)
        elif node.then:
            yield f"{indent}if {node.condition}:"
            yield from lines_of(node.then, indent + "    ")
            if len(node.other) == 1 and isinstance(node.other[0], If) and node.other[0].then:
                first, *more = lines_of(node.other, indent)
                yield f"{indent}el{first.removeprefix(indent)}"
                yield from more
            elif node.other:
                yield f"{indent}else:"
                yield from lines_of(node.other, indent + "    ")
        else:
            yield f"{indent}if not ({node.condition}):"
            yield from lines_of(node.other, indent + "    ")
