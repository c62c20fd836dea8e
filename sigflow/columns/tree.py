"""Which columns a format has, as a tree: from the description of its classes to structs, lists and leaves.

Rules.  A class is a struct of its fields.  A switch whose cases are all of one type is a column of that type; any
other is a struct with one nullable member per type, named after it: the id of a class, or `int`, `float`, `str`,
`bytes`, `bool`, `any`.  A type that holds itself, directly or through others, is flattened: one list with a row per
object, outer before inner, of `depth` and the fields of the object that lead no deeper; where several such types have
fields of their own, each has a struct of its own in the row.  What has no static type, no fields, or lies too
deep, is text: the JSON that `parse` shows.

The tree is finite whatever the spec says: its depth and its size are bounded, what lies beyond is such text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sigflow.calibration.measure import Measure, of_spec
from sigflow.errors import UsageError
from sigflow.runtime.column import (
    Bits,
    Bytes,
    Column,
    Computed,
    Fields,
    Kind,
    Many,
    Module,
    Named,
    Nested,
    Number,
    Switch,
    Text,
    Unknown,
)

#: Structs and lists inside each other, and columns of one format.
DEEPEST = 24
LARGEST = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A single value."""

    kind: Number | Bits | Computed | Bytes | Text | Named | Unknown


@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    """An object of a class."""

    target: type[Any]
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A list."""

    item: Node


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One type that a switch may give: a class, or a word for a plain type (`any`: whatever else)."""

    name: str
    of: type[Any] | str
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """One of several types.  A single case has no struct around it: what is of another type is null."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """What an object of a class in a recursion gives: the fields of its row, and the fields that lead on."""

    name: str
    members: tuple[Member, ...]
    inner: tuple[Column, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """A recursion, flattened."""

    rows: Mapping[type[Any], Row]

    @property
    def filled(self) -> list[tuple[type[Any], Row]]:
        """The classes whose objects have fields of their own."""
        return [(target, row) for target, row in self.rows.items() if row.members]

    @property
    def depth(self) -> str:
        """What the column of the depth is called: otherwise where a field has this name."""
        filled = self.filled
        return unique("depth", {member.name for member in filled[0][1].members} if len(filled) == 1 else set())


Node = Leaf | Struct | Listed | OneOf | Flat


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A named part: its column name, the attribute that holds it, and what it is.

    physical: what makes it of the attribute, where the member is the physical value of that.
    """

    name: str
    attribute: str
    node: Node
    column: Column
    physical: Measure | None = None


#: What makes the physical values of fields, by their paths from the frame, without numbers of elements.
Measures = Mapping[str, Measure]
#: No path of a field: what rules say of the fields of objects does not reach there.
_NOWHERE = "."


class Trees:
    """Makes the columns of classes.  State: the descriptions seen, and how many columns may still be made.

    instances: with the computed fields.  physical: with a column for each physical value that the spec speaks of.
    measures: with one for each of these fields, too.
    """

    def __init__(
        self,
        module: Module,
        *,
        instances: bool = False,
        physical: bool = False,
        measures: Measures = MappingProxyType({}),
    ) -> None:
        self.known: dict[type[Any], Fields] = dict(module.classes)
        self._instances = instances
        self._physical = physical
        self._measures = measures
        self._left = LARGEST
        self._edges: dict[type[Any], tuple[type[Any], ...]] = {}
        self._reached: dict[type[Any], frozenset[type[Any]]] = {}

    def members(self, target: type[Any], level: int = 0) -> tuple[Member, ...]:
        """The columns of a class, in the order of its fields."""
        return tuple(self._members(self._columns(target), level, frozenset(), ""))

    def _members(
        self, columns: tuple[Column, ...], level: int, without: frozenset[type[Any]], path: str
    ) -> Iterator[Member]:
        """path: of the object, with a point behind it; "" of the frame."""
        taken: set[str] = {column.id for column in columns}
        for column in columns:
            kind = stripped(column.kind, without)
            if kind is None:
                continue
            node = self.node(kind, level, alone=kind is not column.kind, path=f"{path}{column.id}.")
            yield Member(column.id, column.name, node, column)
            measure = self._measures.get(f"{path}{column.id}")
            if measure is None and self._physical and column.physical is not None:
                measure = of_spec(*column.physical)
            if measure is not None and (measured := _measured(node)) is not None:
                yield Member(unique(f"{column.id}_physical", taken), column.name, measured, column, measure)

    def _columns(self, target: type[Any]) -> tuple[Column, ...]:
        fields = self.known.get(target)
        return (
            ()
            if fields is None
            else tuple(column for column in fields.columns if self._instances or not column.instance)
        )

    # ------------------------------------------------------------ kinds

    def node(self, kind: Kind, level: int, *, alone: bool = False, path: str = _NOWHERE) -> Node:
        """What a kind is as a column.  alone: of a switch, the cases that lead into a recursion were taken away.  path:
        before the fields of its objects.
        """
        self._left -= 1
        if isinstance(kind, Nested | Many | Switch) and (level >= DEEPEST or self._left < 0):
            return Leaf(Unknown())
        if isinstance(kind, Switch):
            return self._switch(kind, level, alone, path)
        if isinstance(kind, Many):
            if isinstance(kind.item, Nested) and self._group(kind.item):
                return self._flat(kind.item, level)
            return Listed(self.node(kind.item, level + 1, alone=alone, path=path))
        if isinstance(kind, Nested):
            if self._group(kind):
                return self._flat(kind, level)
            if kind.target not in self.known:
                return Leaf(Unknown())
            members = tuple(self._members(self._columns(kind.target), level + 1, frozenset(), path))
            return Struct(kind.target, members) if members else Leaf(Unknown())
        return Leaf(kind)

    def _switch(self, kind: Switch, level: int, alone: bool, path: str) -> Node:
        by_key = self._by_key(kind)
        if len(by_key) == 1 and not alone:
            return self.node(next(iter(by_key.values())), level, path=path)
        taken: set[str] = set()
        cases = []
        for key, case in by_key.items():
            cases.append(Case(unique(self._word(key), taken), key, self.node(case, level + 1, path=path)))
        return OneOf(tuple(cases))

    def cases(self, kind: Switch) -> list[tuple[Case, Kind]]:
        """The types that a switch may give, with the kind of each; of the cases, nothing is said of what is in them."""
        taken: set[str] = set()
        by_key = self._by_key(kind)
        return [(Case(unique(self._word(key), taken), key, Leaf(Unknown())), case) for key, case in by_key.items()]

    def _by_key(self, kind: Switch) -> dict[type[Any] | str, Kind]:
        by_key: dict[type[Any] | str, Kind] = {}
        for case in kind.cases:
            key = self._key(case)
            by_key[key] = case if key not in by_key else _joined(by_key[key], case)
        return by_key

    def _word(self, key: type[Any] | str) -> str:
        return key if isinstance(key, str) else self._id(key)

    def _key(self, kind: Kind) -> type[Any] | str:
        """The word for the type of a case, or its class."""
        if isinstance(kind, Nested):
            self.load(kind)
            return kind.target if kind.target in self.known else "any"
        if isinstance(kind, Number):
            return "float" if kind.kind == "f" else "int"
        if isinstance(kind, Bits):
            return "bool" if kind.boolean else "int"
        if isinstance(kind, Computed):
            return kind.kind
        return _WORDS.get(type(kind), "any")

    def _id(self, target: type[Any]) -> str:
        return self.known[target].id

    # ------------------------------------------------------------ recursion

    def _flat(self, entry: Nested, level: int) -> Flat:
        group = self._group(entry)
        rows: dict[type[Any], Row] = {}
        waiting = [entry.target]
        taken = {"depth"}
        while waiting:
            target = waiting.pop(0)
            if target in rows or target not in group:
                continue
            columns = self._columns(target)
            inner = tuple(column for column in columns if stripped(column.kind, group) is not column.kind)
            members = tuple(self._members(columns, level + 2, group, _NOWHERE))
            rows[target] = Row(unique(self._id(target), taken), members, inner)
            waiting.extend(self.targets(target))
        return Flat(rows)

    def load(self, kind: Nested) -> None:
        """Take in the description of a class of another module."""
        if kind.target not in self.known and kind.home is not None:
            describe = getattr(kind.home, "_columns", None)
            if describe is None:
                name = getattr(kind.home, "__name__", kind.home)
                raise UsageError(f"{name} does not describe its columns: generate it again with `sigflow compile`")
            self.known.update(describe().classes)

    def targets(self, target: type[Any]) -> tuple[type[Any], ...]:
        """The classes that fields of a class are of."""
        if target not in self._edges:
            classes: dict[type[Any], None] = {}
            for column in self._columns(target):
                for nested in nested_in(column.kind):
                    self.load(nested)
                    classes[nested.target] = None
            self._edges[target] = tuple(classes)
        return self._edges[target]

    def _group(self, kind: Nested) -> frozenset[type[Any]]:
        """The classes that hold the kind's class and are held by it: itself among them, or none."""
        self.load(kind)
        if kind.target not in self._reach(kind.target):
            return frozenset()
        return frozenset(target for target in self._reach(kind.target) if kind.target in self._reach(target))

    def _reach(self, target: type[Any]) -> frozenset[type[Any]]:
        """The classes that an object of a class may hold, at any depth."""
        if target not in self._reached:
            reached: set[type[Any]] = set()
            waiting = list(self.targets(target))
            while waiting:
                class_ = waiting.pop()
                if class_ not in reached:
                    reached.add(class_)
                    waiting.extend(self.targets(class_))
            self._reached[target] = frozenset(reached)
        return self._reached[target]


_WORDS: dict[type, str] = {Bytes: "bytes", Text: "str", Named: "int"}


def all_classes(module: Module) -> dict[type[Any], Fields]:
    """Every class that a value may hold, also those that other modules describe."""
    trees = Trees(module, instances=True)
    waiting = list(trees.known)
    seen: set[type[Any]] = set()
    while waiting:
        target = waiting.pop()
        if target not in seen:
            seen.add(target)
            waiting.extend(trees.targets(target))
    return trees.known


def unique(name: str, taken: set[str]) -> str:
    """`name`, with as many underscores as make it new; it is then taken."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def nested_in(kind: Kind) -> list[Nested]:
    """The classes that a kind names."""
    if isinstance(kind, Nested):
        return [kind]
    if isinstance(kind, Many):
        return nested_in(kind.item)
    return [nested for case in kind.cases for nested in nested_in(case)] if isinstance(kind, Switch) else []


def stripped(kind: Kind, group: frozenset[type[Any]]) -> Kind | None:
    """A kind without what leads into a recursion; None where nothing is left, the kind itself where all is."""
    if isinstance(kind, Nested):
        return None if kind.target in group else kind
    if isinstance(kind, Many):
        item = stripped(kind.item, group)
        return kind if item is kind.item else None if item is None else Many(item)
    if isinstance(kind, Switch):
        cases = tuple(left for case in kind.cases if (left := stripped(case, group)) is not None)
        return kind if cases == kind.cases else Switch(cases) if cases else None
    return kind


def _joined(kind: Kind, other: Kind) -> Kind:
    """A kind that holds the values of both; they are of the same word."""
    if kind == other or isinstance(kind, Nested):
        return kind
    if isinstance(kind, Named) and isinstance(other, Named):
        number = _joined(kind.of, other.of)
        assert isinstance(number, Number | Bits | Computed)
        return Named(kind.enum, number)
    first, second = interval(kind), interval(other)
    if first is None or second is None:
        return Computed("float") if isinstance(kind, Number) and kind.kind == "f" else _open(kind)
    return Computed("int", min(first[0], second[0]), max(first[1], second[1]))


def _open(kind: Kind) -> Kind:
    """The kind of any value of the same word."""
    if isinstance(kind, Bytes):
        return Bytes()
    return Text() if isinstance(kind, Text) else kind if isinstance(kind, Many | Switch | Unknown) else Computed("int")


def interval(kind: Kind) -> tuple[int, int] | None:
    """Between which integers the values of a kind lie; None where they are none, or not bounded."""
    if isinstance(kind, Number) and kind.kind != "f":
        bits = 8 * kind.size
        return (0, (1 << bits) - 1) if kind.kind == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
    if isinstance(kind, Bits):
        return (0, (1 << kind.width) - 1)
    if isinstance(kind, Computed) and kind.kind == "int" and kind.low is not None and kind.high is not None:
        return (kind.low, kind.high)
    return None


def is_number(column: Column) -> bool:
    """Whether a field is a number, or a list of numbers."""
    kind: Kind = column.kind
    while isinstance(kind, Many):
        kind = kind.item
    return isinstance(kind, Number | Bits | Computed)


def _measured(node: Node) -> Node | None:
    """The node of the physical values of a number, or of a list of such."""
    if isinstance(node, Listed):
        inner = _measured(node.item)
        return None if inner is None else Listed(inner)
    numeric = isinstance(node, Leaf) and isinstance(node.kind, Number | Bits | Computed)
    return Leaf(Computed("float")) if numeric else None
