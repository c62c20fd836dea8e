"""What a name of Construct's context means in the spec: text of an expression, its kind, and what is in it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any

from sigflow.compiler.construct.tree import TypeBuilder
from sigflow.diagnostics import Place


class Stays(Exception):
    """A construct that is not declarative: Construct itself has to run.  place: where it is written.  whole: whether it
    needs the stream of all that is read, and not only its own bytes.
    """

    def __init__(self, why: str, place: Place | None = None, whole: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.place = place
        self.whole = whole


@dataclass(frozen=True, slots=True)
class Meaning:
    """A value in expressions.

    text: with `$` for the field that holds it, or `@` before the names of members of the object that does; None where
    no expression gives it.  kind: int, float, bool, str, bytes, enum, list, struct.  members: of a struct, with `@` for
    its object.  element: of a list, with `$` for an element.  labels: of an enum, names of values to labels.
    count: of a list of constant length.
    """

    text: str | None
    kind: str = "int"
    members: dict[str, Meaning] | None = None
    element: Meaning | None = None
    labels: dict[str, str] | None = None
    numbers: frozenset[int] = frozenset()
    count: int | None = None

    def within(self, holder: str) -> Meaning:
        """As it is said where the field is called `holder`."""
        return self if self.text is None else replace(self, text=self.text.replace("$", holder))

    def under(self, prefix: str) -> Meaning:
        """As it is said where the object is reached by `prefix`, which ends in a point or is empty."""
        return self if self.text is None else replace(self, text=self.text.replace("@", prefix))

    def member(self, name: str) -> Meaning:
        """A member of a struct that has been placed."""
        if self.members is None or self.text is None or name not in self.members:
            raise Stays(f"the expression names '{name}', which is not known there")
        if self.kind == "flags":
            return self.members[name].within(self.text)
        prefix = self.text if self.text == "" or self.text.endswith(".") else f"{self.text}."
        return self.members[name].under(prefix)


def nothing(kind: str = "int") -> Meaning:
    """A value that no expression can ask for."""
    return Meaning(None, kind)


@dataclass(eq=False)
class Scope:
    """A context of Construct's: of a struct, a sequence, or what else has one.  State: what its names mean so far."""

    builder: TypeBuilder
    up: Scope | None
    names: dict[str, Meaning] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class At:
    """Where a subcon stands: the type at hand, the context, the name wanted, and the text that defines it.

    item: what `obj_` means there; listed: what `list_` means.
    """

    builder: TypeBuilder
    scope: Scope
    name: str
    place: Place
    node: ast.AST | None = None
    path: str = ""
    item: Meaning | None = None
    listed: Meaning | None = None
    #: The encoding, where the bytes that stand here are text.
    encoding: str | None = None
    #: Whether it is alone in bytes whose extent its attribute has.
    whole: bool = False
    #: The documentation of the field.
    docs: str = ""

    def called(self, name: str) -> At:
        """The same place, for what has another name."""
        return replace(self, name=name)

    def inside(self, builder: TypeBuilder) -> At:
        """The same context, inside a type that only the spec has."""
        return replace(self, builder=builder)

    def reach(self, scope: Scope) -> str:
        """What leads from the type at hand to the object of a context: empty, or text that ends in a point."""
        hops, builder = 0, self.builder
        passed: list[TypeBuilder] = []
        while builder is not scope.builder:
            if builder.up is None:
                raise Stays("the expression names a context that is not above it")
            passed.append(builder)
            hops, builder = hops + 1, builder.up
        for inner in passed:
            inner.outward = True
        return "_parent." * hops


def named(value: Any) -> str:
    """What a subcon is called in a message."""
    kind = type(value).__qualname__.partition(".<locals>")[0]
    return kind


#: The methods by which a construct parses, builds and has a size: a class with one of its own is another construct.
_METHODS = (
    "_parse", "_parsereport", "_build", "_sizeof", "_actualsize", "_decode", "_encode", "_validate",
)  # fmt: skip


def kind_of(con: Any) -> str:
    """The name of the class of Construct's that an object is of, or whose behaviour a class of the user's own has that
    only makes it in another way.  Empty where the user's class does something of its own.
    """
    for kind in type(con).__mro__:
        if kind.__module__.partition(".")[0] == "construct":
            return str(kind.__name__)
        if any(method in vars(kind) for method in _METHODS):
            break
    return ""
