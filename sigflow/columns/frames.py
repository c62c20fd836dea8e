"""Frames as arrays: where they begin and end in a piece of the stream, and of which format each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class FrameBatch:
    """Frames in the order of the stream, none overlapping: data[starts[i]:stops[i]] each.

    data: uint8, contiguous.  starts, stops, offsets: int64; the offset is that of the frame's first byte in the stream.
    formats: the number of each frame's format in the list of formats.  first: the index of the first frame.
    """

    data: Array
    starts: Array
    stops: Array
    offsets: Array
    formats: Array
    first: int = 0

    def __len__(self) -> int:
        return len(self.starts)

    def only(self, number: int) -> FrameBatch:
        """Those of the format of this number.  Their indexes are not told."""
        mine = self.formats == number
        if mine.all():
            return self
        return FrameBatch(self.data, self.starts[mine], self.stops[mine], self.offsets[mine], self.formats[mine])

    def part(self, start: int, stop: int) -> FrameBatch:
        """The frames [start, stop) of these."""
        return FrameBatch(
            self.data,
            self.starts[start:stop],
            self.stops[start:stop],
            self.offsets[start:stop],
            self.formats[start:stop],
            self.first + start,
        )


def joined(batches: list[FrameBatch]) -> FrameBatch:
    """Batches that follow each other as one."""
    import numpy as np

    if len(batches) == 1:
        return batches[0]
    shifts = np.cumsum([0, *(len(batch.data) for batch in batches)])
    return FrameBatch(
        np.concatenate([batch.data for batch in batches]),
        np.concatenate([batch.starts + shift for batch, shift in zip(batches, shifts, strict=False)]),
        np.concatenate([batch.stops + shift for batch, shift in zip(batches, shifts, strict=False)]),
        np.concatenate([batch.offsets for batch in batches]),
        np.concatenate([batch.formats for batch in batches]),
        batches[0].first,
    )
