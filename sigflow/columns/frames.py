"""Frames as arrays: where they begin and end in a piece of the stream, and of which format each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class FrameBatch:
    """Frames in the order of the stream, none overlapping: data[starts[i]:stops[i]] each.

    data: uint8, contiguous; empty where only the places are told.  starts, stops, offsets: int64; the offset is that of
    the frame's first byte in the stream.  formats: the number of each frame's format in the list of formats.  first:
    the index of the first frame.  carried: of each frame what it was told (`Record.carried`), objects; None: nothing.
    """

    data: Array
    starts: Array
    stops: Array
    offsets: Array
    formats: Array
    first: int = 0
    picked: Array | None = None
    carried: Array | None = None

    @classmethod
    def empty(cls) -> FrameBatch:
        """No frames."""
        import numpy as np

        places = np.empty(0, np.int64)
        return cls(np.empty(0, np.uint8), places, places, places, np.empty(0, np.int32))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def indexes(self) -> Array:
        """The index of each frame in the stream, over all formats."""
        import numpy as np

        return np.arange(self.first, self.first + len(self)) if self.picked is None else self.picked

    def only(self, number: int) -> FrameBatch:
        """Those of the format of this number."""
        mine = self.formats == number
        if mine.all():
            return self
        return self.at(mine)

    def at(self, which: Array) -> FrameBatch:
        """Some of the frames, by a mask or by their places."""
        return FrameBatch(
            self.data,
            self.starts[which],
            self.stops[which],
            self.offsets[which],
            self.formats[which],
            self.first,
            self.indexes[which],
            None if self.carried is None else self.carried[which],
        )

    def moved(self, by: int) -> FrameBatch:
        """The same frames, of which the bytes stand so much further on, and are not told."""
        return FrameBatch(
            self.data[:0],
            self.starts + by,
            self.stops + by,
            self.offsets,
            self.formats,
            self.first,
            self.picked,
            self.carried,
        )

    def part(self, start: int, stop: int) -> FrameBatch:
        """The frames [start, stop) of these."""
        return FrameBatch(
            self.data,
            self.starts[start:stop],
            self.stops[start:stop],
            self.offsets[start:stop],
            self.formats[start:stop],
            self.first + start,
            None if self.picked is None else self.picked[start:stop],
            None if self.carried is None else self.carried[start:stop],
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
        indexes_of(batches),
        carried_of(batches),
    )


def indexes_of(batches: list[FrameBatch]) -> Array | None:
    """The indexes of the frames of batches one behind the other; None where they are those from the first on."""
    import numpy as np

    if all(batch.picked is None for batch in batches):
        return None
    return np.concatenate([batch.indexes for batch in batches])


def carried_of(batches: list[FrameBatch]) -> Array | None:
    """What the frames of batches one behind the other were told; None where they were told nothing."""
    import numpy as np

    arrays = [batch.carried for batch in batches if batch.carried is not None]
    return np.concatenate(arrays) if arrays and len(arrays) == len(batches) else None


def told(carried: Sequence[tuple[Any, ...] | None]) -> Array | None:
    """What frames were told, as a column; None where none was told anything."""
    import numpy as np

    if not any(carried):
        return None
    column = np.empty(len(carried), object)
    column[:] = carried
    return column
