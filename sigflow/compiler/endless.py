"""What can never be read to its end: a type that always holds another of itself, an instance that always needs itself.

Only what is certain counts: a field with `if`, a repeat that may be empty, a switch, the branch of a `?:` or the right
side of `and` and `or` may each be what ends the recursion.  A type that holds itself is an error where the spec's root
cannot be read without it; elsewhere, who asks for it gets the error, and the rest of the spec is as good as any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from sigflow.compiler import expression as ex
from sigflow.compiler import schema as sc
from sigflow.compiler.check import evaluates_size
from sigflow.compiler.layout import integer
from sigflow.compiler.model import Names, User
from sigflow.compiler.problems import Problems
from sigflow.compiler.types import Types

_Node = TypeVar("_Node")


def endless(spec: sc.Spec, tops: Iterable[sc.ClassSpec], names: Names, types: Types, problems: Problems) -> None:
    """Report the types and the parse instances that need themselves, in this spec and in the others at hand."""
    classes = [class_ for top in tops for class_ in top.walk()]
    held = {class_: list(_held(class_, names)) for class_ in classes}
    read = _unavoidable(spec.top, held)
    for circle in _circles({class_: [target for _, target in targets] for class_, targets in held.items()}):
        attr = next(attr for attr, target in held[circle[0]] if target is circle[1 % len(circle)])
        shown = " -> ".join(class_.id for class_ in (*circle, circle[0]))
        text = f"type '{circle[0].id}' holds itself without end: {shown}"
        if circle[0] in read:
            problems.add("SF409", attr.key("type"), text)
        else:
            problems.add("SF410", attr.key("type"), f"{text}; reading it fails wherever it is reached")
    needs = {attr: list(_needed(attr, types)) for class_ in classes for attr in class_.instances.values()}
    for ring in _circles(needs):
        if any(attr.value is None for attr in ring):
            shown = " -> ".join(class_.id for class_ in (*ring, ring[0]))
            problems.add("SF303", ring[0].id_place, f"instance '{ring[0].id}' needs its own value: {shown}")


def _unavoidable(root: sc.ClassSpec, held: dict[sc.ClassSpec, list[tuple[sc.Attr, sc.ClassSpec]]]) -> set[sc.ClassSpec]:
    """The classes that are read whenever the root is.  Of a frame, a field of a size of its own is read only when it is
    asked for: the frame is known without.
    """
    reached = {root}
    framed = "-sigflow-stream" in root.hints
    stack = [target for attr, target in held[root] if not (framed and {"size", "size-eos"} & attr.key_places.keys())]
    while stack:
        item = stack.pop()
        if item not in reached:
            reached.add(item)
            stack.extend(target for _, target in held[item])
    return reached


def _held(spec: sc.ClassSpec, names: Names) -> Iterator[tuple[sc.Attr, sc.ClassSpec]]:
    for attr in spec.seq:
        wire, repeat = names.wires.get(attr), attr.repeat
        always = repeat is None or repeat.kind == "until" or (repeat.kind == "expr" and (integer(repeat.code) or 0) > 0)
        if always and attr.condition is None and isinstance(wire, User) and isinstance(wire.target, sc.ClassSpec):
            yield attr, wire.target


def _needed(attr: sc.Attr, types: Types) -> Iterator[sc.Attr]:
    size = attr.size if evaluates_size(attr, types.names) else None
    always = [attr.condition] if attr.condition is not None else [attr.value, attr.pos, attr.io, size]
    stack = [code.expr for code in always if code is not None]
    while stack:
        expr = stack.pop()
        if expr in types.sizes:
            continue  # a size is known beforehand: nothing is read for `footer._sizeof`
        member = types.members.get(expr) if isinstance(expr, ex.Name) else None
        if isinstance(member, sc.Attr) and member.is_instance:
            yield member
        if isinstance(expr, ex.Choice):
            stack.append(expr.condition)
        elif isinstance(expr, ex.Logic):
            stack.append(expr.left)
        else:
            stack.extend(ex.children(expr))


def _circles(edges: dict[_Node, list[_Node]]) -> Iterator[list[_Node]]:
    """Circles of a graph, each once: a walk in depth with a stack of our own, cut where it meets its own path."""
    done: set[_Node] = set()
    for start, first in edges.items():
        if start in done:
            continue
        path, places = [start], {start: 0}
        waiting = [iter(first)]
        while waiting:
            following = next(waiting[-1], None)
            if following is None:
                waiting.pop()
                done.add(path[-1])
                del places[path.pop()]
            elif following in places:
                yield path[places[following] :]
            elif following not in done and following in edges:
                places[following] = len(path)
                path.append(following)
                waiting.append(iter(edges[following]))
