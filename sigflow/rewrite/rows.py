"""Rows of numbers sorted in bounded memory: sorted runs on the disk, which are then merged.

The disk's files have no names, so they are gone however the process ends.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

#: Rows that are kept in memory, and rows that are read of all runs together.
ROWS = 1 << 19
#: Rows that are read of one run at least.
LEAST = 64
#: Bytes of a number.
_NUMBER = 8


class RowSorter:
    """Rows of so many int64, sorted by the first of them.  State: rows in memory, and sorted runs in a file.

    No two rows may be equal in the columns that they are sorted by.
    """

    def __init__(self, width: int, keys: int, folder: str | None = None) -> None:
        """width: numbers in a row; keys: how many of them rows are sorted by.  folder: where the file is."""
        self._width = width
        self._keys = keys
        self._folder = folder
        self._held: list[Array] = []
        self._count = 0
        self._file: BinaryIO | None = None
        self._runs: list[tuple[int, int]] = []  # where each begins, and its rows

    def add(self, *columns: Array) -> None:
        """Take in rows, by their columns."""
        import numpy as np

        rows = np.stack([np.asarray(column, np.int64) for column in columns], axis=1)
        self._held.append(rows)
        self._count += len(rows)
        if self._count >= ROWS:
            self._spill()

    def _sorted(self) -> Array:
        import numpy as np

        rows = np.concatenate(self._held) if self._held else np.empty((0, self._width), np.int64)
        self._held, self._count = [], 0
        return self._ordered(rows)

    def _ordered(self, rows: Array) -> Array:
        import numpy as np

        ordered: Array = rows[np.lexsort([rows[:, column] for column in reversed(range(self._keys))])]
        return ordered

    def _spill(self) -> None:
        rows = self._sorted()
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  # (`close` does)
        at = self._file.seek(0, 2)
        self._file.write(rows.data)
        self._runs.append((at, len(rows)))

    def rows(self) -> Iterator[Array]:
        """All rows in order, some at a time; once only."""
        import numpy as np

        if self._file is None:
            rows = self._sorted()
            for start in range(0, len(rows), ROWS // 8):
                yield rows[start : start + ROWS // 8]
            return
        self._spill()
        size = max(ROWS // len(self._runs) // 4, LEAST)
        runs = [_Run(self._file, at, count, self._width, size) for at, count in self._runs]
        while open_ := [run for run in runs if len(run.rows)]:
            # No row to come is below the last of a run that has more.
            bounds = [tuple(run.rows[-1, : self._keys].tolist()) for run in open_ if run.left]
            bound = min(bounds) if bounds else None
            yield self._ordered(np.concatenate([run.up_to(bound, self._keys) for run in open_]))
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()


class _Run:
    """A sorted run.  State: where its next rows are, how many there are, and those at hand."""

    def __init__(self, file: BinaryIO, at: int, count: int, width: int, size: int) -> None:
        self._file = file
        self._at = at
        self.left = count
        self._width = width
        self._size = size
        self.rows = self._read()

    def _read(self) -> Array:
        import numpy as np

        count = min(self._size, self.left)
        self._file.seek(self._at)
        data = self._file.read(count * self._width * _NUMBER)
        self._at += len(data)
        self.left -= count
        return np.frombuffer(data, np.int64).reshape(count, self._width)

    def up_to(self, bound: tuple[int, ...] | None, keys: int) -> Array:
        """The rows at hand up to a bound, which are taken."""
        low, high = 0, len(self.rows)
        if bound is not None:
            while low < high:
                middle = (low + high) // 2
                if tuple(self.rows[middle, :keys].tolist()) <= bound:
                    low = middle + 1
                else:
                    high = middle
        else:
            low = high
        taken, self.rows = self.rows[:low], self.rows[low:]
        if not len(self.rows):
            self.rows = self._read()
        return taken
