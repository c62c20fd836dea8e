"""A capture as columns of a picture, over byte offsets.

Rules.  A frame counts in the column where it begins, its bytes where they are.  How long the capture is need not be
known: there are `COLUMNS` columns of a power of two of bytes, and where one is behind the last, two become one.  So
memory is bounded, and the sums are exact: over all columns they are those of the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

#: Columns that are kept; at least half of them are of the capture, if it has as many bytes.
COLUMNS = 2048


class Timeline:
    """State: bytes of a column, and the counts of each."""

    def __init__(self) -> None:
        import numpy as np

        self.width = 1
        self.frames: Array = np.zeros(COLUMNS, np.int64)
        #: Bytes in frames.
        self.covered: Array = np.zeros(COLUMNS, np.int64)
        self.lost: Array = np.zeros(COLUMNS, np.int64)

    def _reach(self, offset: int) -> None:
        """Let there be a column for this byte."""
        import numpy as np

        while offset >= self.width * COLUMNS:
            for name in ("frames", "covered", "lost"):
                counts = getattr(self, name)
                halved = counts.reshape(-1, 2).sum(1)
                setattr(self, name, np.concatenate([halved, np.zeros(COLUMNS // 2, np.int64)]))
            self.width *= 2

    def add(self, starts: Array, stops: Array) -> None:
        """Frames, in the order of the stream."""
        import numpy as np

        if not len(starts):
            return
        self._reach(int(stops.max()) - 1)
        first, last = starts // self.width, (stops - 1) // self.width
        self.frames += np.bincount(first, minlength=COLUMNS)
        # What of a frame is in its first and its last column, and in those between, which it fills.
        within = first == last
        sizes = stops - starts
        self.covered += np.bincount(first[within], sizes[within], COLUMNS).astype(np.int64)
        over = ~within
        if over.any():
            first, last, starts, stops = first[over], last[over], starts[over], stops[over]
            self.covered += np.bincount(first, (first + 1) * self.width - starts, COLUMNS).astype(np.int64)
            self.covered += np.bincount(last, stops - last * self.width, COLUMNS).astype(np.int64)
            edges = np.bincount(first + 1, minlength=COLUMNS + 1) - np.bincount(last, minlength=COLUMNS + 1)
            self.covered += np.cumsum(edges)[:COLUMNS] * self.width

    def lose(self, offset: int, count: int) -> None:
        """So many frames are lost before this byte; fewer than 0: some came after all."""
        self._reach(offset)
        self.lost[offset // self.width] += count

    def columns(self, size: int, number: int) -> list[Column]:
        """The capture of so many bytes as at most this many columns, from its first byte to its last."""
        if not size:
            return []
        self._reach(size - 1)
        used = -(-size // self.width)
        step = -(-used // number)
        columns = []
        for begin in range(0, used, step):
            part = slice(begin, min(begin + step, used))
            start, stop = begin * self.width, min(part.stop * self.width, size)
            counts = [int(getattr(self, name)[part].sum()) for name in ("frames", "covered", "lost")]
            columns.append(Column(start, stop, *counts))
        return columns


class Column:
    """What is in [start, stop).  covered: bytes in frames."""

    __slots__ = ("covered", "frames", "lost", "start", "stop")

    def __init__(self, start: int, stop: int, frames: int, covered: int, lost: int) -> None:
        self.start, self.stop = start, stop
        self.frames, self.covered, self.lost = frames, covered, lost

    @property
    def share(self) -> float:
        """The share of its bytes that is in no frame."""
        return 1 - self.covered / (self.stop - self.start)


def counted_in(columns: Sequence[Column], offsets: Sequence[int]) -> list[int]:
    """How many of these offsets are in each column."""
    from bisect import bisect_right

    starts = [column.start for column in columns]
    counts = [0] * len(columns)
    for offset in offsets:
        counts[max(bisect_right(starts, offset) - 1, 0)] += 1
    return counts
