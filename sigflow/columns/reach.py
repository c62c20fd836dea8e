"""What a field path (`flags.encoding`, `lines[0].text`) leads to, told from the spec alone, before any frame is read.

Rules.  A step is the name of a field, or the number of an element.  Of a switch, a step leads on in every case that has
it; the name of a case (`body.reading.celsius`, `body.bytes`) keeps that case alone.  A path that leads nowhere in any
frame is a mistake.  Beside the fields of the frame there are their physical values (`FIELD_physical`), `metadata.KEY`
and, for each codec, `FIELD_CODEC`.  Where a table has other names than the value (the rows of a recursion), those
lead on, too.

Strategy.  A path is resolved once per format, to a function of the object; following it asks for nothing else, so that
of the computed fields only those on the way are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from sigflow.columns.extras import RECORD, kind_of
from sigflow.columns.paths import Step, steps_of
from sigflow.columns.physical import scaled
from sigflow.columns.tree import Case, Flat, Leaf, Listed, Member, Node, OneOf, Struct, Trees, all_classes
from sigflow.errors import UsageError
from sigflow.runtime.column import Computed, Fields, Kind, Many, Module, Named, Nested, Switch, Unknown

if TYPE_CHECKING:
    from sigflow.stream.format import Format

#: The name before the keys of a format's metadata.
METADATA = "metadata"
#: What the name of a physical value ends in.
_PHYSICAL = "_physical"
#: Names that an error lists.
LISTED = 40

Follow = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Reached:
    """What a path leads to.  of: from the value of a frame, or for `payload` from what (payload, codec) its reading
    gave, or from its metadata, or its record.  kind: its type, None where it is a part of a table only.

    source: `value`, `payload`, `metadata` or `record`.
    """

    path: str
    of: Follow
    kind: Kind | None
    source: str = "value"


class Paths:
    """The paths of one format.  State: what was resolved."""

    def __init__(self, format: Format) -> None:
        from sigflow.columns.frame import description

        self.format = format
        self._module: Module
        self._module, self._unit = description(format)
        self._classes = all_classes(self._module)
        self._trees = Trees(self._module, instances=True, physical=True)
        self._known: dict[tuple[Kind, Sequence[Step]], tuple[Follow, Kind] | None] = {}

    def find(self, path: str) -> Reached | None:
        """What a path leads to; None where it leads nowhere."""
        steps = steps_of(path)
        if not steps:
            return None
        ruled = self._ruled(path, steps)
        if ruled is not None:
            return ruled
        natural = self._on(Nested(self._unit), steps)
        if natural is not None:
            return Reached(path, _named(natural[0], natural[1]), natural[1])
        return self._metadata(path) or self._decoded(path, steps) or self._part(path, steps)

    def _ruled(self, path: str, steps: Sequence[Step]) -> Reached | None:
        """What is there by rules of sigflow.yaml: a computed quantity, or a physical value."""
        calibrations = self.format.calibrations
        if calibrations is None:
            return None
        quantity = calibrations.quantity(path)
        if quantity is not None:
            return Reached(path, quantity.of, kind_of(quantity), RECORD)
        names = [number for number, step in enumerate(steps) if isinstance(step, str)]
        if not names or not str(steps[names[-1]]).endswith(_PHYSICAL):
            return None
        raw: list[Step] = list(steps)
        raw[names[-1]] = str(steps[names[-1]]).removesuffix(_PHYSICAL)
        measure = calibrations.measures.get(".".join(str(raw[number]) for number in names))
        reached = None if measure is None else self._on(Nested(self._unit), raw)
        if reached is None or measure is None or self._is_field(steps[: names[-1] + 1]):
            return None
        get, made = reached[0], measure.of
        return Reached(path, lambda record: made(get(record.value), record.rules), _measured(reached[1]), RECORD)

    def _is_field(self, steps: Sequence[Step]) -> bool:
        """Whether a path leads to a field that the spec has."""
        owner = self._on(Nested(self._unit), steps[:-1])
        fields = self._fields_of(owner[1]) if owner is not None and isinstance(owner[1], Nested) else None
        return fields is not None and any(column.id == steps[-1] for column in fields.columns)

    def below(self, path: str) -> list[str]:
        """The paths one step on from a path ("": from the frame); none where it leads nowhere."""
        reached = self._on(Nested(self._unit), steps_of(path)) if path else ((lambda value: value), Nested(self._unit))
        if reached is None or (path and not steps_of(path)):
            return []
        beside = [METADATA] * self._has_metadata + [codec.name for codec in self._codecs()] if not path else []
        beside += [name for name in self._by_rules() if name.rpartition(".")[0] == path]
        return list(dict.fromkeys([f"{path}.{name}".removeprefix(".") for name in self._names(reached[1])] + beside))

    def _by_rules(self) -> list[str]:
        """The paths that are there by rules of sigflow.yaml."""
        calibrations = self.format.calibrations
        if calibrations is None:
            return []
        quantities = [quantity.name for quantity in calibrations.quantities]
        return [*quantities, *(f"{path}{_PHYSICAL}" for path in calibrations.measures)]

    def near(self, path: str) -> list[str]:
        """Paths that could have been meant, the ones beside the step that leads nowhere."""
        steps = list(steps_of(path)) or [path]
        kept: list[Step] = []
        kind: Kind = Nested(self._unit)
        while len(steps) > 1 and (reached := self._on(kind, (steps[0],))) is not None:
            kept.append(steps.pop(0))
            kind = reached[1]
        before = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in kept).removeprefix(".")
        names = [f"{before}.{name}".removeprefix(".") for name in self._names(kind)]
        names += [name for name in self._by_rules() if name.rpartition(".")[0] == before and name not in names]
        if not kept:
            names += [METADATA] * self._has_metadata + [step.name for step in self._codecs()]
        return names or [before]

    def node(self, kind: Kind) -> Node:
        """What a kind is as a column."""
        return self._trees.node(kind, 1)

    # ------------------------------------------------------------ along the kinds

    def _on(self, kind: Kind, steps: Sequence[Step]) -> tuple[Follow, Kind] | None:
        """How these steps lead on from a value of this kind, and to what; None where they do not."""
        if not steps:
            return (lambda value: value), kind
        key = (kind, tuple(steps))  # many cases may lead to the same
        if key not in self._known:
            self._known[key] = self._step(kind, steps)
        return self._known[key]

    def _step(self, kind: Kind, steps: Sequence[Step]) -> tuple[Follow, Kind] | None:
        if isinstance(kind, Switch):
            return self._through(kind, steps)
        step, rest = steps[0], steps[1:]
        if isinstance(kind, Many):
            reached = self._on(kind.item, rest) if isinstance(step, int) else None
            return None if reached is None else (_element(step, reached[0]), reached[1])
        if isinstance(kind, Nested):
            reached = None
            for get, inner in self._fields(kind, step) if isinstance(step, str) else ():
                reached = self._on(inner, rest)
                if reached is not None:
                    return _then(get, reached[0]), reached[1]
            return None
        if isinstance(kind, Unknown):
            return _loose(steps), Unknown()
        return None

    def _fields(self, kind: Nested, name: str) -> Iterator[tuple[Follow, Kind]]:
        fields = self._fields_of(kind)
        for column in fields.columns if fields is not None else ():
            if column.id == name:
                yield _attribute(kind.target, column.name), column.kind
        physical = scaled(fields, instances=True) if fields is not None else {}
        for attribute, scale in physical.items():
            if scale.name == name:
                raw = next(column.kind for column in fields.columns if column.name == attribute)  # type: ignore[union-attr]
                yield _then(_attribute(kind.target, attribute), scale.measure.of), _measured(raw)

    def _fields_of(self, kind: Nested) -> Fields | None:
        return self._classes.get(kind.target)

    def _through(self, kind: Switch, steps: Sequence[Step]) -> tuple[Follow, Kind] | None:
        """Through the cases of a switch that lead on, by the type that the value has."""
        branches: list[tuple[Case, Follow]] = []
        kinds: list[Kind] = []
        for case, inner in self._cases(kind):
            reached = self._on(inner, steps)
            if reached is None and steps[0] == case.name:
                reached = self._on(inner, steps[1:])
            if reached is not None:
                branches.append((case, reached[0]))
                if reached[1] not in kinds:
                    kinds.append(reached[1])
        if not branches:
            return None
        return _by_case(branches), kinds[0] if len(kinds) == 1 else Switch(tuple(kinds))

    def _cases(self, kind: Switch) -> list[tuple[Case, Kind]]:
        return self._trees.cases(kind)

    def _names(self, kind: Kind) -> list[str]:
        """The names that a step may have."""
        if isinstance(kind, Nested):
            fields = self._fields_of(kind)
            if fields is None:
                return []
            return [column.id for column in fields.columns] + [
                column.name for column in scaled(fields, instances=True).values()
            ]
        if isinstance(kind, Switch):
            return list(dict.fromkeys(name for case, inner in self._cases(kind) for name in [*self._names(inner)]))
        return []

    # ------------------------------------------------------------ beside the value

    @property
    def _has_metadata(self) -> bool:
        told = self.format.envelope is not None and self.format.envelope.decode.metadata is not None
        return told or (self.format.calibrations is not None and bool(self.format.calibrations.keys))

    def _metadata(self, path: str) -> Reached | None:
        if not self._has_metadata:
            return None
        if path == METADATA:
            return Reached(path, dict, None, METADATA)
        key = path.removeprefix(f"{METADATA}.")
        return None if key == path else Reached(path, lambda metadata: metadata.get(key), None, METADATA)

    def _codecs(self) -> Sequence[Any]:
        from sigflow.columns.payload import codec_columns

        return codec_columns(self.format.envelope, self._trees.members(self._unit), self._trees)

    def _decoded(self, path: str, steps: Sequence[Step]) -> Reached | None:
        codec = next((codec for codec in self._codecs() if codec.name == steps[0]), None)
        if codec is None:
            return None
        loose = isinstance(codec.node, Leaf) and isinstance(codec.node.kind, Unknown)
        get = _loose(steps[1:]) if loose else _along(codec.node, steps[1:])
        if get is None:
            return None
        number = codec.number

        def of(decoded: tuple[Any, int | None]) -> Any:
            return get(decoded[0]) if decoded[1] == number else None

        return Reached(path, of, None, "payload")

    def _part(self, path: str, steps: Sequence[Step]) -> Reached | None:
        """A part by the names that a table has."""
        member = next((part for part in self._trees.members(self._unit) if part.name == steps[0]), None)
        get = None if member is None else _along_member(member, steps[1:])
        return None if get is None else Reached(path, get, None)


def resolve(formats: Sequence[Format], fields: Sequence[str]) -> list[dict[str, Reached]]:
    """For each format what the paths lead to that it has; `UsageError` for a path that none has.

    Of several formats, a path may begin with the name of the one that is meant.
    """
    paths = [Paths(format) for format in formats]
    by_format: list[dict[str, Reached]] = [{} for _ in formats]
    for path in dict.fromkeys(fields):
        for entry, mine in zip(paths, by_format, strict=True):
            own = of_format(path, entry.format.name) if len(formats) > 1 else path
            reached = entry.find(path) or (entry.find(own) if own != path else None)
            if reached is not None:
                mine[path] = reached
        if paths and not any(path in mine for mine in by_format):
            raise unknown(path, paths)
    return by_format


def of_format(path: str, name: str) -> str:
    """A path without the name of the format, where it begins with that."""
    return path.removeprefix(f"{name}.")


def unknown(path: str, paths: Sequence[Paths]) -> UsageError:
    """The error for a path that no format has."""
    names: dict[str, None] = {}
    for entry in paths:
        own = of_format(path, entry.format.name) if len(paths) > 1 else path
        before = "" if own == path else f"{entry.format.name}."
        names.update(dict.fromkeys(f"{before}{name}" for name in entry.near(own)))
    near = get_close_matches(path, names, 1)
    known = list(names)
    more = f", and {len(known) - LISTED} more" if len(known) > LISTED else ""
    hint = f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(known[:LISTED])}{more}"
    return UsageError(f"unknown field {path!r}{hint}")


# ---------------------------------------------------------------- functions of a value


def _then(first: Follow, second: Follow) -> Follow:
    def of(value: Any) -> Any:
        value = first(value)
        return None if value is None else second(value)

    return of


def _attribute(target: type[Any], name: str) -> Follow:
    from sigflow.columns.values import instance

    return lambda value: instance(value, name, None) if value is not None else None


def _element(number: Step, rest: Follow) -> Follow:
    assert isinstance(number, int)

    def of(value: Any) -> Any:
        if not isinstance(value, list | tuple) or number >= len(value):
            return None
        return None if value[number] is None else rest(value[number])

    return of


def _by_case(branches: Sequence[tuple[Case, Follow]]) -> Follow:
    from sigflow.columns.values import is_case

    def of(value: Any) -> Any:
        if value is None:
            return None
        return next((get(value) for case, get in branches if is_case(case, value)), None)

    return of


def _loose(steps: Sequence[Step]) -> Follow:
    """Along a value of which the spec gives no type."""

    def of(value: Any) -> Any:
        from sigflow.columns.values import instance

        for step in steps:
            if isinstance(step, int):
                value = value[step] if isinstance(value, list | tuple) and step < len(value) else None
            elif isinstance(value, Mapping):
                value = value.get(step)
            else:
                names = {shown: attribute for attribute, shown in getattr(value, "_IDS", {}).items()}
                known = (*getattr(value, "_FIELDS", ()), *getattr(value, "_INSTANCES", ()))
                name = names.get(step, step)
                value = instance(value, name, None) if name in known else None
        return value

    return of


def _named(get: Follow, kind: Kind) -> Follow:
    """Where the value is an enum, a number without a name is shown as one."""
    inner = kind
    while isinstance(inner, Many):
        inner = inner.item
    if not isinstance(inner, Named):
        return get
    from sigflow.columns.render import unnamed

    return lambda value: unnamed(get(value))


def _measured(kind: Kind) -> Kind:
    return Many(_measured(kind.item)) if isinstance(kind, Many) else Computed("float")


# ---------------------------------------------------------------- along the columns of a table


def _along_member(member: Member, steps: Sequence[Step]) -> Follow | None:
    get = _along(member.node, steps)
    if get is None:
        return None
    own = _attribute(object, member.attribute)
    return _then(own, get) if member.physical is None else _then(_then(own, member.physical.of), get)


def _along(node: Node, steps: Sequence[Step]) -> Follow | None:
    """How these steps lead on along a column, as in a table."""
    if not steps:
        return (lambda value: _rows(node, value)) if isinstance(node, Flat) else (lambda value: value)
    if isinstance(node, Leaf):
        return None
    return _WAYS[type(node)](node, steps[0], steps[1:])


def _in_struct(node: Struct, step: Step, rest: Sequence[Step]) -> Follow | None:
    member = next((inner for inner in node.members if inner.name == step), None)
    return None if member is None else _along_member(member, rest)


def _in_list(node: Listed, step: Step, rest: Sequence[Step]) -> Follow | None:
    get = _along(node.item, rest) if isinstance(step, int) else None
    return None if get is None else _element(step, get)


def _in_cases(node: OneOf, step: Step, rest: Sequence[Step]) -> Follow | None:
    if len(node.cases) == 1:
        get = _along(node.cases[0].node, (step, *rest))
        return None if get is None else _by_case([(node.cases[0], get)])
    case = next((inner for inner in node.cases if inner.name == step), None)
    get = None if case is None else _along(case.node, rest)
    return None if case is None or get is None else _by_case([(case, get)])


def _in_rows(node: Flat, step: Step, rest: Sequence[Step]) -> Follow | None:
    """In the rows of a recursion."""
    if not isinstance(step, int):
        return None
    if not rest:
        return lambda value: next(iter(_rows(node, value)[step : step + 1]), None)
    name, filled = rest[0], node.filled
    if name == node.depth and len(rest) == 1:
        return _of_row(node, step, None, lambda pair: pair[1])
    for target, row in filled:
        if len(filled) > 1:
            if row.name != name:
                continue
            if len(rest) == 1:
                return _of_row(node, step, target, lambda pair: pair[0])
        member = next((inner for inner in row.members if inner.name == rest[len(filled) > 1]), None)
        get = None if member is None else _along_member(member, rest[1 + (len(filled) > 1) :])
        if get is not None:
            return _of_row(node, step, target, lambda pair, get=get: get(pair[0]))  # type: ignore[misc]
    return None


def _of_row(node: Flat, number: int, target: type[Any] | None, get: Follow) -> Follow:
    from sigflow.columns.values import rows_of

    def of(value: Any) -> Any:
        pairs = rows_of(node, value)
        if number >= len(pairs) or (target is not None and pairs[number][0].__class__ is not target):
            return None
        return get(pairs[number])

    return of


def _rows(node: Flat, value: Any) -> list[dict[str, Any]]:
    """The rows of a recursion, as a table has them."""
    from sigflow.columns.values import rows_of

    filled = node.filled
    rows = []
    for item, depth in rows_of(node, value):
        row: dict[str, Any] = {node.depth: depth}
        for target, part in filled:
            mine = {
                member.name: get(item)
                for member in part.members
                if item.__class__ is target and (get := _along_member(member, ())) is not None
            }
            row |= mine if len(filled) == 1 else {part.name: mine or None}
        rows.append(row)
    return rows


_WAYS: dict[type, Callable[[Any, Step, Sequence[Step]], Follow | None]] = {
    Struct: _in_struct,
    Listed: _in_list,
    OneOf: _in_cases,
    Flat: _in_rows,
}
