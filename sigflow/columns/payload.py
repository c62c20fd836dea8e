"""What the codecs of a format make of its payload: a column for each codec, named FIELD_CODEC.

Rules.  A frame has a value in at most one of them: in that of the last codec that was applied and did not fail.  Where
none was, all are null and the payload is the field itself.  A codec gives bytes; one that gives more says so here.

TLV lists are flattened natively, where there are enough of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow import codecs
from sigflow.codecs.tlv import Element
from sigflow.columns.budget import Budget
from sigflow.columns.tree import Flat, Member, Node, Trees, unique
from sigflow.errors import UsageError
from sigflow.runtime.column import Bytes, Column, Fields, Kind, Many, Nested, Number, Switch, Unknown

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    from sigflow.columns import kernels
    from sigflow.columns.frame import FrameType
    from sigflow.columns.gather import Stretches
    from sigflow.columns.names import Names
    from sigflow.columns.payloads import Payloads
    from sigflow.limits import Limits
    from sigflow.runtime.envelope import Codec as Applied
    from sigflow.runtime.envelope import Envelope

    Array = np.ndarray[Any, Any]

#: The value of a codec that does not give bytes, and the classes in it.
_ELEMENT: Kind = Nested(Element)
_GIVES: dict[str, tuple[Kind, Mapping[type[Any], Fields]]] = {
    "tlv": (
        Many(_ELEMENT),
        {
            Element: Fields(
                "element",
                (
                    Column("tag", Number("u", 2, "be")),
                    Column("length", Number("u", 2, "be"), doc="Bytes of the value."),
                    Column("value", Switch((Many(_ELEMENT), Bytes())), doc="Null where it is a list: the rows below."),
                ),
            )
        },
    )
}


@dataclass(frozen=True, slots=True, eq=False)
class CodecColumn:
    """The column of one codec: its number among those of the format, and what it gives."""

    name: str
    number: int
    codec: Applied
    node: Node
    gives_bytes: bool

    def values(self, decoded: Sequence[tuple[Any, int | None]]) -> list[Any]:
        """Of the payload of each frame and the number of the codec that gave it: what this one gave."""
        mine = [value if number == self.number else None for value, number in decoded]
        if self.gives_bytes:
            for value in mine:
                if value is not None and not isinstance(value, bytes | bytearray | memoryview):
                    name = type(value).__name__
                    raise UsageError(f"codec {self.codec.name} gives {name}, a column needs bytes")
        return mine


def codec_columns(envelope: Envelope | None, fields: Sequence[Member], trees: Trees) -> list[CodecColumn]:
    """The columns of a format's codecs, beside those of its fields."""
    columns = []
    taken = {member.name for member in fields}
    ids = {member.attribute: member.name for member in fields if member.physical is None}
    for number, codec in enumerate(envelope.decode.codecs if envelope is not None else ()):
        kind, classes = _given(codec)
        trees.known.update(classes)
        name = unique(f"{ids.get(codec.field, codec.field)}_{_called(codec)}", taken)
        columns.append(CodecColumn(name, number, codec, trees.node(kind, 1), isinstance(kind, Bytes)))
    return columns


def _given(codec: Applied) -> tuple[Kind, Mapping[type[Any], Fields]]:
    """What a codec gives, and the classes in it that the format's module does not describe."""
    if codec.target is not None:
        return Nested(codec.target), {}
    if codec.name in _GIVES:
        return _GIVES[codec.name]
    made = codecs.maybe_of(codec)
    if made is None or not made.parses:
        return Bytes(), {}
    if made.target is not None:
        describe = getattr(made.target.__init__, "__globals__", {}).get("_columns")
        if describe is not None:
            return Nested(made.target), describe().classes
    return Unknown(), {}


def _called(codec: Applied) -> str:
    """The last part of a codec's name: of a type's path, of an object in a module."""
    return codec.name.rpartition(":")[2]


# ---------------------------------------------------------------- many frames at once


def gathered(
    columns: Sequence[CodecColumn],
    type: FrameType,
    rows: Stretches,
    names: Names,
    budget: Budget,
    loader: kernels.Loader,
) -> list[pyarrow.Array]:
    """The columns of the codecs over these frames."""
    from sigflow.columns.payloads import Payloads

    format = type.format
    assert format.envelope is not None
    payloads = Payloads(rows, format.envelope)
    arrays: dict[int, pyarrow.Array] = {}
    for number, applies in payloads.through(format.limits, type.scalars, budget):
        node = next((column.node for column in columns if column.number == number), None)
        if isinstance(node, Flat):
            arrays[number] = _lists(payloads, applies, node, format.limits, names, budget, loader)
    return [
        arrays[column.number] if column.number in arrays else _decoded(payloads, column.number) for column in columns
    ]


def _decoded(payloads: Payloads, number: int) -> pyarrow.Array:
    """What a codec gave that gives bytes."""
    from sigflow.columns.arrow import arrow

    pa = arrow()
    mine = (payloads.stage == number).tolist()
    if not any(mine):
        return pa.nulls(len(mine), pa.binary())
    return pa.array([payloads.decoded[row] if this else None for row, this in enumerate(mine)], pa.binary())


def _lists(
    payloads: Payloads,
    applies: Array,
    node: Flat,
    limits: Limits,
    names: Names,
    budget: Budget,
    loader: kernels.Loader,
) -> pyarrow.Array:
    """The column of TLV lists, of the frames where they apply."""
    import numpy as np

    from sigflow.columns import kernels
    from sigflow.columns.arrow import arrow, row_type, type_of
    from sigflow.columns.values import array_of

    pa = arrow()
    rows = np.flatnonzero(applies)
    if not len(rows):
        return pa.nulls(len(applies), type_of(node))
    starts, stops = payloads.starts[rows], payloads.stops[rows]
    total = int((stops - starts).sum())
    compiled = kernels.compiled() if loader.worth(total) else None
    if compiled is None:
        view, codec = payloads.data.data, codecs.get("tlv")
        lists: list[Any] = [None] * len(applies)
        for row in rows.tolist():
            raw = view[int(payloads.starts[row]) : int(payloads.stops[row])]
            lists[row] = codec.decode(raw, limits).value
        return array_of(node, lists, names)
    budget.take(4 * total)  # as much as all of it would be if no element had a value
    elements = flattened(compiled.flatten, payloads.data, starts, stops, kernels.depth_of(limits))
    items = pa.StructArray.from_arrays(elements.arrays(), fields=list(row_type(node)))
    offsets = np.zeros(len(applies) + 1, np.int32)
    offsets[1:][applies] = np.diff(elements.counts)
    return pa.ListArray.from_arrays(
        pa.array(np.cumsum(offsets, dtype=np.int32)), items, type=type_of(node), mask=pa.array(~applies)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Elements:
    """The elements of TLV lists, outer before inner.

    counts: how many there are up to the end of each list, from 0 on.  plain: whether the value is bytes; where these
    are is told by `offsets`, of which there is one more, in `values`.
    """

    counts: Array
    depths: Array
    tags: Array
    lengths: Array
    plain: Array
    offsets: Array
    values: Array

    def arrays(self) -> list[pyarrow.Array]:
        """The columns depth, tag, length and value."""
        from sigflow.columns.arrow import arrow

        pa = arrow()
        count = len(self.depths)
        absent = int(count - self.plain.sum())
        valid = pa.array(self.plain).buffers()[1] if absent else None
        buffers = [valid, pa.py_buffer(self.offsets), pa.py_buffer(self.values)]
        value = pa.Array.from_buffers(pa.binary(), count, buffers, absent)
        return [pa.array(self.depths), pa.array(self.tags), pa.array(self.lengths), value]


def flattened(flatten: Any, data: Array, starts: Array, stops: Array, depth: int) -> Elements:
    """The elements of the lists data[starts[i]:stops[i]].  flatten: `kernels.flatten`, compiled or not."""
    import numpy as np

    from sigflow.columns.kernels import SLACK

    sizes = stops - starts
    total = int(sizes.sum())
    most = total // 4
    deepest = min(depth, int(sizes.max(initial=0)) // 4, 0xFFFF)
    counts = np.zeros(len(starts) + 1, np.int32)
    depths, tags, lengths = (np.empty(most, np.uint16) for _ in range(3))
    plain = np.empty(most, bool)
    offsets = np.zeros(most + 1, np.int32)
    values = np.empty(total + SLACK, np.uint8)
    ends = np.empty(deepest + 1, np.int64)
    count = int(flatten(data, starts, stops, deepest, counts, depths, tags, lengths, plain, offsets, values, ends))
    filled = int(offsets[count])
    return Elements(
        counts, depths[:count], tags[:count], lengths[:count], plain[:count], offsets[: count + 1], values[:filled]
    )
