"""The fields of a format that are shown as text, where all of them can be gathered.

What a field path leads to is the same that `reach` says, for the paths that lead through objects, and to items of
lists, at fixed places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow.columns.frame import FrameType
from sigflow.columns.gather import Stretches
from sigflow.columns.json_text import expressible, members, nth_of, text_of
from sigflow.columns.paths import steps_of
from sigflow.columns.payloads import can_gather
from sigflow.columns.tree import Listed, Member, Struct, Trees
from sigflow.errors import UsageError
from sigflow.runtime.column import Column, Many

if TYPE_CHECKING:
    from sigflow.columns.options import Options
    from sigflow.columns.pieces import Piece
    from sigflow.columns.reach import Reached
    from sigflow.stream.format import Format


@dataclass(frozen=True, slots=True, eq=False)
class PlacedField:
    """A field, by the name that it is shown under; `member` is None where the format has none.

    way: the objects that lead to it.
    """

    name: str
    member: Member | None
    way: tuple[Column, ...] = ()

    def rows(self, frames: Stretches) -> Stretches:
        """The objects that the field is of."""
        for column in self.way:
            assert column.place is not None
            begin, end = frames.limits(*column.place)
            frames = frames.inside(begin, end)
        return frames

    def json(self, frames: Stretches) -> list[Piece]:
        """Its JSON in each frame."""
        return ["null"] if self.member is None else text_of(self.member, self.rows(frames))


class PlacedFields:
    """The fields of one format: `fields` in order."""

    def __init__(self, type: FrameType, fields: Sequence[PlacedField]) -> None:
        self.type = type
        self.fields = fields
        self._columns = [field.member.column for field in fields if field.member is not None and not field.way]

    def rows(self, frames: Any) -> Stretches:
        """The units of frames of this format, whose small fields are copied in one go."""
        rows = Stretches.of(self.type.format, frames)
        rows.expect(self._columns)
        return rows

    def json(self, rows: Stretches) -> list[Piece]:
        """The value of each frame."""
        return members([(field.name, field.json(rows)) for field in self.fields])


def placed_of(format: Format, wanted: Options, reached: Mapping[str, Reached] | None) -> PlacedFields | None:
    """The fields of a format that are wanted; None where some cannot be gathered, or what else is wanted.

    reached: what the paths that are wanted lead to, None where all fields are.
    """
    envelope = format.envelope
    if format.calibrations is not None:
        return None  # what rules say is in the trees
    if envelope is None or wanted.payload is not None or wanted.lenient or envelope.decode.metadata is not None:
        return None
    try:
        type = FrameType(format)
    except UsageError:
        return None  # it does not describe its fields
    if envelope.decode.codecs and not can_gather(envelope, type.scalars):
        return None
    fields: list[PlacedField | None]
    if reached is None:
        trees = Trees(type.module, instances=wanted.instances, physical=wanted.physical)
        fields = [
            PlacedField(member.name, member) if _is_placed(member, type) else None
            for member in trees.members(type.unit)
        ]
    else:
        paths = dict.fromkeys(wanted.fields or ())
        fields = [_led(path, reached[path], type) if path in reached else PlacedField(path, None) for path in paths]
    shown = [field for field in fields if field is not None]
    return PlacedFields(type, shown) if len(shown) == len(fields) else None


def _is_placed(member: Member, type: FrameType) -> bool:
    return member.column.id in type.gathered and not _holds_instance(member) and expressible(member)


def _holds_instance(member: Member) -> bool:
    node = member.node
    while isinstance(node, Listed):
        node = node.item
    inner = node.members if isinstance(node, Struct) else ()
    return member.column.instance or any(_holds_instance(part) for part in inner)


def _led(name: str, reached: Reached, type: FrameType) -> PlacedField | None:
    """What a path leads to by places alone; None where it does not."""
    steps = steps_of(reached.path)
    member = next((part for part in type.members if part.name == steps[0]), None)
    way: list[Column] = []
    for step in steps[1:]:
        if member is None:
            return None
        node, column = member.node, member.column
        way.append(column)
        if isinstance(node, Struct):
            member = next((part for part in node.members if part.name == step), None)
        elif isinstance(node, Listed) and isinstance(step, int) and isinstance(column.kind, Many):
            if step >= (column.kind.count or 0):
                return PlacedField(name, None)
            member = nth_of(node, column, step)
        else:
            return None
    first = way[0].id if way else member.column.id if member is not None else ""
    if member is None or first not in type.gathered or not expressible(member):
        return None
    return PlacedField(name, member, tuple(way))
