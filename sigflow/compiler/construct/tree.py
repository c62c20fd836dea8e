"""The YAML tree that a Construct schema becomes, built type by type; every node has its place in the user's file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from typing import Any

from sigflow.compiler.source import Mapping, Node, Scalar, Sequence
from sigflow.diagnostics import Place

_ODD = re.compile(r"[^a-z0-9_]+")
#: What the language calls types of its own.
_BUILT_IN = re.compile(r"(?:[usfb][0-9]+(?:le|be)?|strz?|bytes|bool|io|struct|any)\Z")
#: Types nested in types: a schema that is deeper is refused.
MAX_DEPTH = 64


def node_of(value: Any, place: Place) -> Node:
    """The node that YAML would make of a plain value."""
    if isinstance(value, Scalar | Mapping | Sequence):
        return value
    if isinstance(value, AnyMapping):
        return mapping(((str(key), node_of(item, place)) for key, item in value.items()), place)
    if isinstance(value, bytes):
        return Sequence(tuple(Scalar(str(byte), True, place) for byte in value), place)
    if isinstance(value, list | tuple):
        return Sequence(tuple(node_of(item, place) for item in value), place)
    if isinstance(value, bool):
        return Scalar("true" if value else "false", True, place)
    if isinstance(value, int | float):
        return Scalar(str(value), True, place)
    return Scalar(str(value), not isinstance(value, Text), place)


class Text(str):
    """Text that YAML shall not read as a number."""

    __slots__ = ()


def mapping(entries: Iterable[tuple[str, Node]], place: Place) -> Mapping:
    """A mapping with plain keys."""
    pairs = tuple((Scalar(key, True, place), item) for key, item in entries)
    return Mapping(pairs, place, {key.text: (key, item) for key, item in pairs})


def id_of(name: str) -> str:
    """The id that a name of Construct's becomes."""
    id = _ODD.sub("_", name.lower()).strip("_")
    return id if id[:1].isalpha() else f"x{id and '_'}{id}" if id else "field"


@dataclass(eq=False)
class TypeBuilder:
    """A type while it is made.  State: what was put into it, and which ids are taken.

    up: the type in which an attribute of this type stands.  outward: whether an expression in it, or below it, names
    something outside of it, so that it means something else elsewhere.
    """

    id: str
    place: Place
    up: TypeBuilder | None = None
    bits: bool = False
    params: list[Node] = field(default_factory=list)
    seq: list[Node] = field(default_factory=list)
    instances: dict[str, Node] = field(default_factory=dict)
    enums: dict[str, Node] = field(default_factory=dict)
    types: dict[str, TypeBuilder] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    hints: dict[str, Node] = field(default_factory=dict)
    helpers: dict[str, TypeBuilder] = field(default_factory=dict)
    condition: str = ""
    outward: bool = False
    #: Whether it has an attribute of its own type, somewhere below it.
    recursive: bool = False

    @property
    def root(self) -> TypeBuilder:
        """The top-level type, which all others are written in."""
        builder = self
        while builder.up is not None:
            builder = builder.up
        return builder

    @property
    def depth(self) -> int:
        """How many types it stands in."""
        return 0 if self.up is None else self.up.depth + 1

    def fresh(self, name: str) -> str:
        """An id for a member of this type that is not taken yet."""
        id = wanted = id_of(name)
        number = 2
        while id in self.taken:
            id, number = f"{wanted}_{number}", number + 1
        self.taken.add(id)
        return id

    def child(self, name: str, place: Place, bits: bool = False) -> TypeBuilder:
        """A new type, which an attribute of this one will have."""
        types = self.root.types
        id = wanted = id_of(name)
        if _BUILT_IN.match(id):
            id = wanted = f"{id}_type"
        number = 2
        while id in types or id == self.root.id:
            id, number = f"{wanted}_{number}", number + 1
        types[id] = made = TypeBuilder(id, place, self, bits)
        return made

    def helper(self, name: str, place: Place) -> tuple[TypeBuilder, bool]:
        """The type that constructs of one kind share, of which the schema knows nothing; and whether it is new."""
        root = self.root
        known = root.helpers.get(name)
        if known is not None and root.types.get(known.id) is known:
            return known, False
        made = root.helpers[name] = self.child(name, place)
        return made, True

    def emit(self, name: str, keys: AnyMapping[str, Any], place: Place, id: str = "") -> str:
        """Add an attribute; returns its id.  id: the one that it shall have, from `fresh`."""
        id = id or self.fresh(name)
        entries = {"id": id, **keys}
        if self.condition:
            entries["if"] = self.condition
        self.seq.append(node_of(entries, place))
        return id

    def instance(self, name: str, keys: AnyMapping[str, Any], place: Place) -> str:
        """Add an instance; returns its id."""
        id = self.fresh(name)
        entries = dict(keys)
        if self.condition:
            entries["if"] = self.condition
        self.instances[id] = node_of(entries, place)
        return id

    def mark(self) -> tuple[Any, ...]:
        """What `reset` goes back to."""
        root = self.root
        return len(self.seq), dict(self.instances), set(self.taken), dict(root.types), dict(root.enums), self.condition

    def reset(self, mark: tuple[Any, ...]) -> None:
        """Forget what was added since."""
        root = self.root
        length, self.instances, self.taken, types, enums, self.condition = mark
        del self.seq[length:]
        root.types.clear()
        root.types.update(types)
        root.enums.clear()
        root.enums.update(enums)

    def node(self) -> Mapping:
        """The tree of the type."""
        entries: list[tuple[str, Node]] = []
        if self.params:
            entries.append(("params", Sequence(tuple(self.params), self.place)))
        entries += self.hints.items()
        if self.seq:
            entries.append(("seq", Sequence(tuple(self.seq), self.place)))
        if self.instances:
            entries.append(("instances", mapping(self.instances.items(), self.place)))
        if self.types:
            types = ((id, builder.node()) for id, builder in self.types.items())
            entries.append(("types", mapping(types, self.place)))
        if self.enums:
            entries.append(("enums", mapping(self.enums.items(), self.place)))
        return mapping(entries, self.place)
