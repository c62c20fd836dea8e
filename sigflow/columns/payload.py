"""What the codecs of a format make of its payload: a column for each codec, named FIELD_CODEC.

Rules.  A frame has a value in at most one of them: in that of the last codec that was applied and did not fail.  Where
none was, all are null and the payload is the field itself.  A codec gives bytes; one that gives more says so here.

Strategy.  Frames of which no codec applies cost nothing.  Bytes are decoded frame by frame by the codec itself, since
that is where the time goes; TLV lists natively, where there are enough of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigflow import codecs
from sigflow.codecs.tlv import Element
from sigflow.columns.budget import Budget
from sigflow.columns.tree import Flat, Member, Node, Trees, unique
from sigflow.errors import CodecError, UsageError
from sigflow.runtime.column import Bytes, Column, Fields, Kind, Many, Nested, Number, Switch
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    from sigflow.columns import kernels
    from sigflow.columns.gather import Scalar, Stretches
    from sigflow.columns.names import Names
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

    def values(self, given: Sequence[tuple[Any, int | None]]) -> list[Any]:
        """Of the payload of each frame and the number of the codec that gave it: what this one gave."""
        mine = [value if number == self.number else None for value, number in given]
        if self.codec.target is None and self.codec.name not in _GIVES:
            for value in mine:
                if value is not None and not isinstance(value, bytes | bytearray | memoryview):
                    found = type(value).__name__
                    raise UsageError(f"codec {self.codec.name} gives {found}, a column needs bytes")
        return mine


def codec_columns(envelope: Envelope | None, fields: Sequence[Member], trees: Trees) -> list[CodecColumn]:
    """The columns of a format's codecs, beside those of its fields."""
    found = []
    taken = {member.name for member in fields}
    ids = {member.attribute: member.name for member in fields if member.physical is None}
    for number, codec in enumerate(envelope.codecs if envelope is not None else ()):
        if codec.target is not None:
            kind: Kind = Nested(codec.target)
        else:
            kind, classes = _GIVES.get(codec.name, (Bytes(), {}))
            trees.known.update(classes)
        name = unique(f"{ids.get(codec.field, codec.field)}_{codec.name.rpartition('::')[2]}", taken)
        found.append(CodecColumn(name, number, codec, trees.node(kind, 1)))
    return found


# ---------------------------------------------------------------- many frames at once


def can_gather(envelope: Envelope, scalars: Mapping[str, Scalar]) -> bool:
    """Whether the payload stands at a fixed place, and what decides on its codecs can be gathered."""
    return envelope.payload_at is not None and all(
        codec.target is None
        and (codec.when is None or (codec.needs is not None and all(path in scalars for path in codec.needs)))
        for codec in envelope.codecs
    )


def gathered(
    columns: Sequence[CodecColumn],
    envelope: Envelope,
    limits: Limits,
    rows: Stretches,
    scalars: Mapping[str, Scalar],
    names: Names,
    budget: Budget,
    loader: kernels.Loader,
) -> list[pyarrow.Array]:
    """The columns of the codecs over these frames."""
    assert envelope.payload_at is not None
    payloads = _Payloads(rows, *rows.limits(*envelope.payload_at))
    given: dict[int, pyarrow.Array] = {}
    for number, codec in enumerate(envelope.codecs):
        applies = payloads.open & _where(codec, scalars, rows)
        if codec.name in _GIVES:
            node = next((one.node for one in columns if one.number == number), None)
            payloads.close(applies, number)
            if isinstance(node, Flat):
                given[number] = _lists(payloads, applies, node, limits, names, budget, loader)
        else:
            payloads.decode(codecs.get(codec.name), applies, number, limits, budget)
    return [given[one.number] if one.number in given else payloads.column(one.number) for one in columns]


def _where(codec: Applied, scalars: Mapping[str, Scalar], rows: Stretches) -> Array:
    import numpy as np

    from sigflow.columns.conditions import holds

    if codec.when is None:
        return np.ones(len(rows), bool)
    assert codec.needs is not None
    return holds(codec.when, codec.needs, scalars, rows)


class _Payloads:
    """The payloads of frames on their way through the codecs.

    State: per frame where its bytes are now, which codec gave them (-1: none), and whether another may be applied.
    """

    def __init__(self, rows: Stretches, starts: Array, stops: Array) -> None:
        import numpy as np

        self.rows = rows
        self.data = rows.data
        self.starts = starts.copy()
        self.stops = stops.copy()
        self.stage = np.full(len(rows), -1, np.int64)
        self.open = ~rows.failed
        self.decoded: dict[int, bytes] = {}

    def close(self, applies: Array, number: int) -> None:
        """These frames got something else than bytes of this codec; a codec behind it is not made for that."""
        self.stage[applies] = number
        self.open &= ~applies

    def decode(self, codec: codecs.Codec, applies: Array, number: int, limits: Limits, budget: Budget) -> None:
        """Apply a codec that gives bytes."""
        import numpy as np

        view = self.data.data
        pieces: list[bytes] = []
        at = len(self.data)
        for row in np.flatnonzero(applies).tolist():
            raw = view[int(self.starts[row]) : int(self.stops[row])]
            try:
                value = codec.decode(raw, limits).value
            except (CodecError, *WIRE_ERRORS):
                self.open[row] = False
                continue
            if not isinstance(value, bytes):
                self.rows.failed[row] = True  # what this is, the way of single frames says
                self.open[row] = False
                continue
            budget.take(len(value))
            pieces.append(value)
            self.decoded[row] = value
            self.starts[row], self.stops[row] = at, at + len(value)
            at += len(value)
            self.stage[row] = number
        if pieces:
            self.data = np.concatenate([self.data, np.frombuffer(b"".join(pieces), np.uint8)])

    def column(self, number: int) -> pyarrow.Array:
        """What a codec gave that gives bytes."""
        from sigflow.columns.arrow import arrow

        pa = arrow()
        mine = (self.stage == number).tolist()
        if not any(mine):
            return pa.nulls(len(mine), pa.binary())
        return pa.array([self.decoded[row] if this else None for row, this in enumerate(mine)], pa.binary())


def _lists(
    payloads: _Payloads,
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
    starts, stops = payloads.starts[rows], payloads.stops[rows]
    total = int((stops - starts).sum())
    flatten = kernels.compiled() if loader.worth(total) else None
    if flatten is None:
        view, codec = payloads.data.data, codecs.get("tlv")
        lists: list[Any] = [None] * len(applies)
        for row in rows.tolist():
            raw = view[int(payloads.starts[row]) : int(payloads.stops[row])]
            lists[row] = codec.decode(raw, limits).value
        return array_of(node, lists, names)
    budget.take(4 * total)  # as much as all of it would be if no element had a value
    depth = limits.with_defaults().depth
    assert depth is not None
    counts, parts = flattened(flatten, payloads.data, starts, stops, depth)
    items = pa.StructArray.from_arrays(parts, fields=list(row_type(node)))
    offsets = np.zeros(len(applies) + 1, np.int32)
    offsets[1:][applies] = np.diff(counts)
    return pa.ListArray.from_arrays(
        pa.array(np.cumsum(offsets, dtype=np.int32)), items, type=type_of(node), mask=pa.array(~applies)
    )


def flattened(flatten: Any, data: Array, starts: Array, stops: Array, depth: int) -> tuple[Array, list[pyarrow.Array]]:
    """Where the list of each frame ends among the elements, and the columns depth, tag, length and value of these.

    flatten: `kernels.flatten`, compiled or not.
    """
    import numpy as np

    from sigflow.columns.arrow import arrow

    pa = arrow()
    sizes = stops - starts
    total = int(sizes.sum())
    most = total // 4
    deepest = min(depth, int(sizes.max(initial=0)) // 4, 0xFFFF)
    counts = np.zeros(len(starts) + 1, np.int32)
    depths, tags, lengths = (np.empty(most, np.uint16) for _ in range(3))
    plain = np.empty(most, bool)
    offsets = np.zeros(most + 1, np.int32)
    values = np.empty(total, np.uint8)
    ends = np.empty(deepest + 1, np.int64)
    found = int(flatten(data, starts, stops, deepest, counts, depths, tags, lengths, plain, offsets, values, ends))
    absent = int(found - plain[:found].sum())
    valid = pa.array(plain[:found]).buffers()[1] if absent else None
    buffers = [valid, pa.py_buffer(offsets[: found + 1]), pa.py_buffer(values[: int(offsets[found])])]
    value = pa.Array.from_buffers(pa.binary(), found, buffers, absent)
    return counts, [pa.array(depths[:found]), pa.array(tags[:found]), pa.array(lengths[:found]), value]
