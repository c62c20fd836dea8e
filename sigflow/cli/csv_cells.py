"""The cells of CSV of a field at a fixed place, of many frames at once: what `csv_text.cell` says of each value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns.csv_text import cell, quoted
from sigflow.columns.gather import Stretches, gathered, numbers
from sigflow.columns.json_text import bytes_of, enum_tree, floats, number_of, text_of
from sigflow.columns.names import Names
from sigflow.columns.pieces import Few, Piece, as_column, by_value, joined, merged
from sigflow.columns.render import SCALARS
from sigflow.columns.tree import Leaf, Member
from sigflow.runtime.column import Bits, Bytes, Named, Number, Text

if TYPE_CHECKING:
    import pyarrow

_NO_NAMES = Names()


def cell_of(member: Member, rows: Stretches, *, safe: bool) -> list[Piece]:
    """The cells of a field that has a place in these objects.  safe: as of `csv_text.cell`."""
    if not isinstance(member.node, Leaf):
        return _json(text_of(member, rows), len(rows))
    if member.physical is not None:
        return [_floats(gathered(member, rows, _NO_NAMES).to_numpy(zero_copy_only=False), safe=safe)]
    assert member.column.place is not None
    kind, (start, stop) = member.node.kind, member.column.place
    if isinstance(kind, Bytes):
        return _bytes(member, rows)
    if isinstance(kind, Text):
        return [as_column([cell(text, safe=safe) for text in gathered(member, rows, _NO_NAMES).to_pylist()])]
    if isinstance(kind, Named):
        return [by_value(numbers(kind, rows, start, stop), lambda value: cell(enum_tree(kind, value), safe=safe))]
    assert isinstance(kind, Number | Bits)
    if isinstance(kind, Number) and kind.kind == "f":
        return [_floats(numbers(kind, rows, start, stop), safe=safe)]
    return [number_of(kind, rows, start, stop)]


def _floats(values: np.ndarray[Any, Any], *, safe: bool) -> Piece:
    if np.isfinite(values).all():
        return floats(values)
    return as_column([cell(SCALARS[float](value), safe=safe) for value in values.astype(np.float64).tolist()])


def _bytes(member: Member, rows: Stretches) -> list[Piece]:
    """Bytes in hexadecimal digits; none at all are a text of their own."""
    digits = bytes_of(member, rows)
    if isinstance(digits, str):
        return [digits or '""']
    none = _sizes(digits) == 0
    return [digits, Few(none.astype(np.int64), ["", '""'])] if none.any() else [digits]


def _sizes(texts: pyarrow.Array) -> np.ndarray[Any, Any]:
    _, offsets, _ = texts.buffers()
    sizes: np.ndarray[Any, Any] = np.diff(
        np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    )
    return sizes


def _json(pieces: list[Piece], size: int) -> list[Piece]:
    """JSON in a cell."""
    import pyarrow.compute as pc

    parts = merged(pieces)
    if len(parts) == 1 and isinstance(parts[0], str):
        return [quoted(parts[0])]
    if len(parts) == 1 and isinstance(parts[0], Few):
        return [Few(parts[0].places, [quoted(text) for text in parts[0].texts])]
    texts = joined(parts, size)
    marked = pc.match_substring_regex(texts, '[,"]')
    doubled = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return [pc.if_else(marked, doubled, texts)]
