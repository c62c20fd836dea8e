"""The fields of a format that rules can calibrate: what a path leads to, and why that is no number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.calibration.measure import Measure
from sigflow.columns.frame import description
from sigflow.columns.physical import measures_of
from sigflow.columns.tree import Listed, Member, OneOf, Struct, Trees, is_number
from sigflow.runtime.column import Bits, Column, Computed, Kind, Nested, Switch
from sigflow.runtime.column import Many as Repeated

if TYPE_CHECKING:
    from sigflow.events import Record
    from sigflow.stream.format import Format


def columns_at(format: Format, path: str) -> tuple[list[Column], list[str]]:
    """The fields that a path leads to, through objects, lists and the cases of switches; and what names there are where
    it leads no further.
    """
    trees = Trees(*description(format)[:1], instances=True)
    targets: list[type[Any]] = [description(format)[1]]
    columns: list[Column] = []
    for id in path.split("."):
        there = [column for target in targets for column in _fields_of(trees, target)]
        columns = [column for column in there if column.id == id]
        if not columns:
            return [], [column.id for column in there]
        targets = [nested.target for column in columns for nested in _objects_in(trees, column.kind)]
    return columns, []


def _fields_of(trees: Trees, target: type[Any]) -> Sequence[Column]:
    fields = trees.known.get(target)
    return fields.columns if fields is not None else ()


def _objects_in(trees: Trees, kind: Kind) -> list[Nested]:
    if isinstance(kind, Nested):
        trees.load(kind)
        return [kind]
    if isinstance(kind, Repeated):
        return _objects_in(trees, kind.item)
    return [nested for case in kind.cases for nested in _objects_in(trees, case)] if isinstance(kind, Switch) else []


def why_no_number(column: Column) -> str | None:
    """Why a field is no number; None where it is one, or a list of such."""
    kind = column.kind
    while isinstance(kind, Repeated):
        kind = kind.item
    boolean = (isinstance(kind, Bits) and kind.boolean) or (isinstance(kind, Computed) and kind.kind == "bool")
    if is_number(column) and not boolean:
        return None
    what = "a boolean" if boolean else _KINDS.get(type(kind).__name__, "of a type that is not known")
    return f"it is {what}, and no number"


_KINDS = {
    "Bytes": "bytes",
    "Text": "a text",
    "Named": "an enum",
    "Nested": "an object",
    "Switch": "one of several types",
}


def has_column(format: Format, path: str) -> bool:
    """Whether there is a column for the physical values of a field."""
    module, unit = description(format)
    measure = Measure("", None)
    waiting: list[Member] = list(Trees(module, instances=True, measures={path: measure}).members(unit))
    while waiting:
        member = waiting.pop()
        if member.physical is measure:
            return True
        nodes = [member.node]
        while nodes:
            node = nodes.pop()
            if isinstance(node, Listed):
                nodes.append(node.item)
            elif isinstance(node, OneOf):
                nodes += [case.node for case in node.cases]
            elif isinstance(node, Struct):
                waiting += node.members
    return False


def values_of(format: Format) -> dict[str, Callable[[Record], Any]]:
    """What gives the physical values of fields, by their paths, but for those of objects in lists."""
    from sigflow.columns.reach import Paths

    paths = Paths(format)
    by_path = {}
    for path in measures_of(format):
        reached = paths.find(f"{path}_physical")
        if reached is not None:
            by_path[path] = reached.of
    return by_path
