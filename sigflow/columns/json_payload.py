"""The JSON text of payloads behind their codecs, of many frames at once.

TLV lists are written from their elements as these are flattened: the text of an element is followed by what closes the
lists that end with it, so that the text of a payload is that of its elements one behind the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns import kernels
from sigflow.columns.arrow import arrow
from sigflow.columns.budget import Budget
from sigflow.columns.gather import Stretches, taken
from sigflow.columns.json_text import hex_at
from sigflow.columns.names import distinct
from sigflow.columns.payload import Elements, flattened
from sigflow.columns.payloads import Payloads
from sigflow.columns.pieces import Few, Piece, digits, hexed, joined, regrouped

if TYPE_CHECKING:
    import pyarrow

    from sigflow.columns.frame import FrameType

    Array = np.ndarray[Any, Any]


def payload_text(type: FrameType, rows: Stretches, budget: Budget) -> tuple[list[Piece], Array]:
    """The JSON of the payloads of these frames, and which frames have none here: they are to be looked at one by one.

    Raises `TooMuch` where the payloads would take more than the budget has.
    """
    format = type.format
    assert format.envelope is not None and format.envelope.decode.payload_at is not None
    payloads = Payloads(rows, format.envelope)
    lists = np.zeros(len(rows), bool)
    for _, applies in payloads.through(format.limits, type.scalars, budget):
        lists |= applies
    unsaid = payloads.troubled | rows.failed
    compiled = kernels.compiled() if (lists & ~unsaid).any() else None
    if compiled is None:
        unsaid |= lists
    mine, others = np.flatnonzero(lists & ~unsaid), np.flatnonzero(~lists | unsaid)
    if not len(mine):
        if payloads.data is rows.data:
            return ['"', hex_at(rows, *format.envelope.decode.payload_at), '"'], unsaid
        return ['"', _hexed(payloads, rows, others), '"'], unsaid
    assert compiled is not None
    of_lists = _lists(payloads, mine, compiled, kernels.depth_of(format.limits), budget)
    if not len(others):
        return of_lists, unsaid
    texts = [joined(['"', _hexed(payloads, rows, others), '"'], len(others)), joined(of_lists, len(mine))]
    places = np.empty(len(rows), np.int64)
    places[others] = np.arange(len(others))
    places[mine] = len(others) + np.arange(len(mine))
    return [arrow().concat_arrays(texts).take(arrow().array(places))], unsaid


def _hexed(payloads: Payloads, rows: Stretches, which: Array) -> Piece:
    """The bytes of payloads that are no lists."""
    starts, stops = payloads.starts[which], payloads.stops[which]
    if payloads.data is rows.data:
        return hexed(taken(Stretches(rows.data, starts, stops, rows.failed), 0, None))
    # What codecs gave stands behind the frames, and not in their order.
    view = payloads.data.data
    places = zip(starts.tolist(), stops.tolist(), strict=True)
    return hexed(arrow().array([view[start:stop].tobytes() for start, stop in places], arrow().binary()))


def _lists(payloads: Payloads, which: Array, compiled: kernels.Kernels, depth: int, budget: Budget) -> list[Piece]:
    """The TLV lists of these frames."""
    starts, stops = payloads.starts[which], payloads.stops[which]
    budget.take(4 * int((stops - starts).sum()))  # as much as all of it would be if no element had a value
    elements = flattened(compiled.flatten, payloads.data, starts, stops, depth)
    empty = np.diff(elements.counts) == 0
    texts = regrouped(_texts(elements), elements.counts)
    return ["[", texts, Few(*_numbered(empty, ["", "]"]))]


def _numbered(codes: Array, texts: list[str]) -> tuple[Array, list[str]]:
    """These codes without those that no row has, and the texts of those that there are."""
    there, places = distinct(codes.astype(np.uint8))
    return places, [texts[code] for code in there.tolist()]


def _texts(elements: Elements) -> pyarrow.Array:
    """The text of each element, up to where the text of the next one begins."""
    count = len(elements.depths)
    if not count:
        return arrow().array([], arrow().string())
    depths = elements.depths.astype(np.int64)
    last = np.zeros(count, bool)
    last[elements.counts[1:][np.diff(elements.counts) > 0] - 1] = True
    following = np.zeros(count, np.int64)
    following[:-1] = depths[1:]
    following[last] = 0
    value = arrow().Array.from_buffers(
        arrow().binary(), count, [None, arrow().py_buffer(elements.offsets), arrow().py_buffer(elements.values)]
    )
    # An element that holds others is closed behind the last of these.  One that holds none is closed at once.
    opens = ~elements.plain & (following > depths) & ~last
    closes = np.where(opens, 0, 1 + 2 * (depths - np.minimum(following, depths)) + last)
    codes, places = distinct(2 * closes + elements.plain)
    behind = Few(places, [_behind(code) for code in codes.tolist()])
    before = Few(*_numbered(elements.plain, [', "value": [', ', "value": "']))
    pieces = ['{"tag": ', digits(elements.tags), ', "length": ', digits(elements.lengths), before, hexed(value), behind]
    return joined(pieces, count)


def _behind(code: int) -> str:
    """What follows the value of an element."""
    closes, plain = divmod(code, 2)
    if not closes:
        return ""
    outer, last = divmod(closes - 1, 2)
    return ('"}' if plain else "]}") + "]}" * outer + ("]" if last else ", ")
