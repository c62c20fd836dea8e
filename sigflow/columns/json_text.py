"""The JSON text of fields at fixed places, of many frames at once: no object per frame.

What is written is what `dumps` writes of the plain trees that `render` makes.  `text_of` gives a field as pieces of
text (`pieces`), which whoever writes rows puts between their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns.gather import Stretches, gathered, items_of, numbers, taken
from sigflow.columns.names import Names
from sigflow.columns.pieces import Few, Piece, as_column, by_value, digits, hexed, hexed_words, joined, regrouped
from sigflow.columns.plain_json import dumps
from sigflow.columns.render import SCALARS, render, unnamed
from sigflow.columns.tree import Leaf, Listed, Member, Struct
from sigflow.runtime.column import Bits, Bytes, Column, Kind, Many, Named, Number, Text

if TYPE_CHECKING:
    import pyarrow

    Array = np.ndarray[Any, Any]

#: Bytes of a field of constant size that are copied row by row.
WIDEST = 64
#: Values that the text of one field may have, so that a row stays one that memory holds many of.
LARGEST = 1 << 12
#: The bytes that stand for themselves in a text of JSON.
_PLAIN = np.array([32 <= byte < 127 and byte not in b'"\\' for byte in range(256)])
#: No enum of a text is a dictionary.
_NO_NAMES = Names()


def expressible(member: Member) -> bool:
    """Whether there is a text of a field that can be gathered."""
    return _values(member) <= LARGEST


def _values(member: Member) -> int:
    """How many values a field has; more than the largest where it has none that is written here."""
    count, node, kind = 1, member.node, member.column.kind
    while isinstance(node, Listed) and isinstance(kind, Many) and kind.count:
        count, node, kind = count * kind.count, node.item, kind.item
    if isinstance(node, Struct):
        return count * (1 + sum(_values(inner) for inner in node.members))
    return count if isinstance(node, Leaf) else LARGEST + 1


def text_of(member: Member, rows: Stretches) -> list[Piece]:
    """The JSON of a field that has a place in these objects."""
    assert member.column.place is not None
    start, stop = member.column.place
    kind = member.column.kind
    if member.physical is not None:
        return _measured(member, rows)
    if isinstance(member.node, Listed):
        return _listed(member.node, kind, rows, start, stop)
    if isinstance(member.node, Struct):
        begin, end = rows.limits(start, stop)
        return _object(member.node, rows.inside(begin, end))
    return _leaf(member, rows)


def _leaf(member: Member, rows: Stretches) -> list[Piece]:
    assert isinstance(member.node, Leaf) and member.column.place is not None
    kind, (start, stop) = member.node.kind, member.column.place
    if isinstance(kind, Bytes):
        return ['"', bytes_of(member, rows), '"']
    if isinstance(kind, Text):
        return quoted(gathered(member, rows, _NO_NAMES))
    return [number_of(kind, rows, start, stop)]


def bytes_of(member: Member, rows: Stretches) -> Piece:
    """A byte array in hexadecimal digits."""
    assert isinstance(member.node, Leaf) and member.column.place is not None
    kind, (start, stop) = member.node.kind, member.column.place
    assert isinstance(kind, Bytes)
    if kind.pad is None and kind.term is None:
        return hex_at(rows, start, stop)
    return hexed(gathered(member, rows, _NO_NAMES))


def hex_at(rows: Stretches, start: int, stop: int | None) -> Piece:
    """The bytes of a place in hexadecimal digits; a long one that is shown twice is made once."""
    if stop is not None and (start < 0) == (stop < 0) and stop - start <= WIDEST:
        return hexed_words(rows.words(start, stop))
    if (start, stop) not in rows.texts:
        rows.texts[start, stop] = hexed(taken(rows, start, stop))
    return rows.texts[start, stop]


def number_of(kind: Any, rows: Stretches, start: int, stop: int | None) -> Piece:
    """A number, a boolean, or an enum."""
    values = numbers(kind, rows, start, stop)
    if isinstance(kind, Named):
        return by_value(values, lambda value: dumps(enum_tree(kind, value)))
    if isinstance(kind, Bits) and kind.boolean:
        return by_value(values, lambda value: dumps(bool(value)))
    assert isinstance(kind, Number | Bits)
    return floats(values) if values.dtype.kind == "f" else digits(values)


def enum_tree(kind: Named, value: int) -> Any:
    """The plain tree of a value of an enum."""
    return render(unnamed(kind.enum._value2member_map_.get(value, value))).tree


def floats(values: Array) -> Piece:
    """Floats as Python writes them, what is no number as a text."""
    listed = values.astype(np.float64).tolist()
    if np.isfinite(values).all():
        return as_column(list(map(float.__repr__, listed)))
    return as_column([dumps(SCALARS[float](value)) for value in listed])


def quoted(texts: pyarrow.Array) -> list[Piece]:
    """Texts as JSON has them."""
    if is_made_of(texts, _PLAIN):
        return ['"', texts, '"']
    return [as_column([dumps(text) for text in texts.to_pylist()])]


def is_made_of(texts: pyarrow.Array, allowed: Array) -> bool:
    """Whether all bytes of these texts are among those that are allowed (256 booleans)."""
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return True
    ends = np.frombuffer(offsets, np.int32)
    first, last = int(ends[texts.offset]), int(ends[texts.offset + len(texts)])
    return bool(allowed[np.frombuffer(data, np.uint8)[first:last]].all())


def _measured(member: Member, rows: Stretches) -> list[Piece]:
    """A physical value, or a list of such."""
    values = gathered(member, rows, _NO_NAMES)
    if not isinstance(member.node, Listed):
        return [floats(values.to_numpy(zero_copy_only=False))]
    count = member.column.kind.count if isinstance(member.column.kind, Many) else 0
    return _in_brackets([floats(values.values.to_numpy(zero_copy_only=False))], len(rows), count or 0)


def _object(node: Struct, inner: Stretches) -> list[Piece]:
    inner.expect([member.column for member in node.members])
    return members([(member.name, text_of(member, inner)) for member in node.members])


def members(parts: Sequence[tuple[str, list[Piece]]]) -> list[Piece]:
    """An object of these members: names, and their texts."""
    pieces: list[Piece] = ["{"]
    for number, (name, texts) in enumerate(parts):
        pieces += [f"{', ' if number else ''}{dumps(name)}: ", *texts]
    return [*pieces, "}"]


def _listed(node: Listed, kind: Kind, rows: Stretches, start: int, stop: int | None) -> list[Piece]:
    """A list of constant length: its items are so many objects more."""
    assert isinstance(kind, Many)
    inner, _, count = items_of(kind, rows, start, stop)
    return _in_brackets(text_of(nth_of(node, Column("", kind, (start, stop)), 0), inner), len(rows), count)


def nth_of(node: Listed, column: Column, number: int) -> Member:
    """The item of this number of a list of constant length, as a field of the list."""
    kind, (start, stop) = column.kind, column.place or (0, 0)
    assert isinstance(kind, Many) and kind.count
    size = ((stop or 0) - start) // kind.count
    return Member("", "", node.item, Column("", kind.item, (number * size, (number + 1) * size)))


def _in_brackets(items: list[Piece], rows: int, count: int) -> list[Piece]:
    """Lists of as many items each, of the texts of all items."""
    behind = Few(np.tile((np.arange(count) == count - 1).astype(np.int64), rows), [", ", ""])
    if count == 1:
        behind = Few(np.zeros(rows, np.int64), [""])
    texts = joined([*items, behind], rows * count)
    return ["[", regrouped(texts, np.arange(0, rows * count + 1, count)), "]"]
