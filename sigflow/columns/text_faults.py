"""Which frames have text at fixed places that does not decode, told without an object per frame.

Where an encoding has ASCII in its first half, text of nothing else decodes; what has more is decoded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns.gather import Stretches, cutter, items_of
from sigflow.columns.gatherable import Classes, is_total, is_wider_ascii
from sigflow.runtime.column import Column, Many, Nested, Text

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]


def mark_faults(column: Column, rows: Stretches, classes: Classes) -> None:
    """Mark the frames (`rows.failed`) in which text of this field, or inside it, does not decode."""
    assert column.place is not None
    kind, (start, stop) = column.kind, column.place
    if isinstance(kind, Many):
        inner, size, _ = items_of(kind, rows, start, stop)
        mark_faults(Column("", kind.item, (0, size)), inner, classes)
    elif isinstance(kind, Nested):
        begin, end = rows.limits(start, stop)
        inner = rows.inside(begin, end)
        for member in classes[kind.target].columns:
            if not member.instance:
                mark_faults(member, inner, classes)
    elif isinstance(kind, Text) and not is_total(kind.encoding):
        rows.fail(_undecodable(kind, rows, start, stop))


def _undecodable(kind: Text, rows: Stretches, start: int, stop: int | None) -> Array:
    """The places of the objects in which it does not."""
    begin, end = rows.limits(start, stop)
    if is_wider_ascii(kind.encoding):
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(rows.data >= 0x80)])
        doubtful = np.flatnonzero(before[end] > before[begin])
    else:
        doubtful = np.arange(len(rows))
    view, cut = rows.data.data, cutter(kind)
    wrong = []
    for place, first, last in zip(doubtful.tolist(), begin[doubtful].tolist(), end[doubtful].tolist(), strict=True):
        raw = view[first:last].tobytes()
        try:
            (raw if cut is None else cut(raw)).decode(kind.encoding)
        except UnicodeDecodeError:
            wrong.append(place)
    return np.array(wrong, np.int64)
