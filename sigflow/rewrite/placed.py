"""Frames that are read again, by where they lie in a capture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.storage import Storage

    Array = numpy.ndarray[Any, Any]

#: Bytes that are read at a time; one frame there is always.
BYTES = 8 << 20


def read_again(storage: Storage, offsets: Array, lengths: Array, formats: Array) -> Iterator[FrameBatch]:
    """The frames at these offsets, in this order, some at a time."""
    import numpy as np

    ends = np.cumsum(lengths)
    first = done = 0
    while first < len(offsets):
        last = max(int(ends.searchsorted(done + BYTES, "right")), first + 1)
        yield _batch(storage, offsets[first:last], lengths[first:last], formats[first:last])
        done, first = int(ends[last - 1]), last


def _batch(storage: Storage, offsets: Array, lengths: Array, formats: Array) -> FrameBatch:
    import numpy as np

    from sigflow.columns.frames import FrameBatch

    # What lies side by side is read in one go.
    breaks = np.flatnonzero(offsets[1:] != offsets[:-1] + lengths[:-1])
    begins = offsets[np.concatenate(([0], breaks + 1))].tolist()
    last = np.concatenate((breaks, [len(offsets) - 1]))
    ends = (offsets[last] + lengths[last]).tolist()
    data = b"".join([storage.read(begin, end) for begin, end in zip(begins, ends, strict=True)])
    stops = np.cumsum(lengths)
    return FrameBatch(np.frombuffer(data, np.uint8), stops - lengths, stops, offsets, formats.astype(np.int32))
