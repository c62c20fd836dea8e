"""Which types of a spec are ever read: those that a root leads to, by fields, instances and what hints name.

A use inside a type that nothing leads to does not blur what `parent: _parent` hands on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sigflow.compiler import schema as sc
from sigflow.compiler.model import Names, User, wires_of
from sigflow.compiler.parser import ExpressionError, parse_type
from sigflow.compiler.source import Mapping, Node, Scalar, Sequence

#: The hints in which types are named.
_NAMING = ("-sigflow-stream", "-sigflow-codec")


def held(spec: sc.ClassSpec, names: Names) -> Iterator[tuple[sc.Attr, sc.ClassSpec]]:
    """The classes that fields and instances of a class are of, in a switch each of them."""
    for attr in spec.attrs():
        for wire in wires_of(names.wires.get(attr)):
            if isinstance(wire, User) and isinstance(wire.target, sc.ClassSpec):
                yield attr, wire.target


def reached(roots: Iterable[sc.ClassSpec], names: Names) -> set[sc.ClassSpec]:
    """The classes that are read when these are, themselves included."""
    stack = list(roots)
    classes: set[sc.ClassSpec] = set()
    while stack:
        spec = stack.pop()
        if spec not in classes:
            classes.add(spec)
            stack.extend(target for _, target in held(spec, names))
    return classes


def hinted(spec: sc.ClassSpec) -> Iterator[tuple[str, ...]]:
    """The names in a class's hints that may be those of types: a frame's unit, a codec's type."""
    for hints in (spec.hints, *(attr.hints for attr in spec.attrs())):
        for node in (hints[key] for key in _NAMING if key in hints):
            for text in _texts(node):
                try:
                    yield parse_type(text).path
                except ExpressionError:
                    continue


def _texts(node: Node) -> Iterator[str]:
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, Scalar):
            yield item.text
        elif isinstance(item, Sequence):
            stack.extend(item.items)
        elif isinstance(item, Mapping):
            stack.extend(value for _, value in item)
