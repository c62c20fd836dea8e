"""The JSON text of payloads behind their codecs, of many frames at once.

TLV lists are written by a kernel, straight from their bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sigflow.columns import kernels
from sigflow.columns.arrow import arrow
from sigflow.columns.budget import Budget
from sigflow.columns.gather import Stretches, taken
from sigflow.columns.json_text import hex_at
from sigflow.columns.payloads import Payloads
from sigflow.columns.pieces import Piece, hexed, joined

if TYPE_CHECKING:
    import pyarrow

    from sigflow.columns.frame import FrameType

    Array = np.ndarray[Any, Any]

#: The hexadecimal digits of each byte, the first in the lowest bits.
_PAIRS = np.array([int.from_bytes(b"%02x" % byte, "little") for byte in range(256)], np.int64)


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
    sizes = stops - starts
    total = int(sizes.sum())
    budget.take(4 * total)  # as much as all of it would be if no element had a value
    return [lists_text(compiled.write_lists, payloads.data, starts, stops, min(depth, int(sizes.max()) // 4))]


def lists_text(write_lists: Any, data: Array, starts: Array, stops: Array, depth: int) -> pyarrow.Array:
    """The lists data[starts[i]:stops[i]] as JSON.  write_lists: that of `kernels`, compiled or not."""
    pa = arrow()
    offsets = np.empty(len(starts) + 1, np.int32)
    out = np.empty(kernels.room_of(int((stops - starts).sum()), len(starts)), np.uint8)
    size = write_lists(data, starts, stops, depth, _PAIRS, offsets, out, np.empty(depth + 1, np.int64))
    return pa.StringArray.from_buffers(len(starts), pa.py_buffer(offsets), pa.py_buffer(out[:size]))
