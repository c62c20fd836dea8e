"""Which blocks of a capture may hold rows that pass a filter, whatever the filter is.

Strategy.  Arrow drops the files of a dataset about which it is told what contradicts a filter.  So a dataset is made
of files that do not exist, each a range of blocks, with the bounds of its rows, and asked which of them are left:
nothing of expressions is understood here.  Times may be null, and a bound says so.  Long ranges are asked first,
and where few are left, their blocks one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce
from operator import and_
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as arrow_dataset
from pyarrow import fs

from sigflow.columns.table import TIME
from sigflow.recording.start import Start

if TYPE_CHECKING:
    from sigflow.index.file import Bounds

#: The column of nanoseconds as numbers, in a dataset whose times are of microseconds.
NANOSECONDS = "_time_ns"
#: Blocks of a range, and up to how many ranges are asked block by block.
LENGTH, FEW = 64, 16

#: Blocks [begin, end).
BlockRange = tuple[int, int]


class Blocks:
    """The blocks of a capture, by the bounds of their rows."""

    def __init__(self, bounds: Bounds, schema: pa.Schema) -> None:
        """schema: of the rows; the bounds of `_offset` and `_index` are told, and of `_time` where it has that."""
        self._bounds = bounds
        self._schema = schema
        self._time = schema.field(TIME).type if TIME in schema.names else None
        self._unit = 1000 if self._time is not None and self._time.unit == "us" else 1

    def starts(self, filter: pc.Expression) -> Sequence[Start]:
        """Where the passes begin and end that give all rows that may pass."""
        left = _left(self._long, filter)
        if len(left) <= FEW:
            blocks = [(number, number + 1) for begin, end in left for number in range(begin, end)]
            left = _left(self._files(blocks), filter)
        return [self._start(*block_range) for block_range in _joined(left)]

    @cached_property
    def _long(self) -> arrow_dataset.FileSystemDataset:
        count = len(self._bounds.first)
        return self._files([(begin, min(begin + LENGTH, count)) for begin in range(0, count, LENGTH)])

    def _files(self, ranges: Sequence[BlockRange]) -> arrow_dataset.FileSystemDataset:
        """A dataset of which each range is a file."""
        return arrow_dataset.FileSystemDataset.from_paths(
            [f"{begin}-{end}" for begin, end in ranges],
            schema=self._schema,
            format=arrow_dataset.IpcFileFormat(),
            filesystem=fs.LocalFileSystem(),
            partitions=[self._true_of(*block_range) for block_range in ranges],
        )

    def _true_of(self, begin: int, end: int) -> pc.Expression:
        """What is true of every row of a range."""
        bounds, last = self._bounds, end - 1
        offset, index, time = pc.field("_offset"), pc.field("_index"), pc.field(TIME)
        known = [
            offset >= int(bounds.start[begin]),
            offset < int(bounds.stop[last]),
            index >= int(bounds.first[begin]),
            index < int(bounds.first[last] + bounds.frames[last]),
        ]
        if self._time is not None and bounds.timed[begin:end].all():
            least, greatest = int(bounds.time_least[begin:end].min()), int(bounds.time_greatest[begin:end].max())
            told = [(time, self._unit, self._time)]
            if NANOSECONDS in self._schema.names:
                told.append((pc.field(NANOSECONDS), 1, pa.int64()))
            for column, unit, kind in told:
                low, high = (pa.scalar(bound // unit, kind) for bound in (least, greatest))
                known += [(column >= low) | pc.is_null(column), (column <= high) | pc.is_null(column)]
        return reduce(and_, known)

    def _start(self, begin: int, end: int) -> Start:
        """A pass over a range."""
        bounds = self._bounds
        return Start(int(bounds.start[begin]), int(bounds.first[begin]), int(bounds.stop[end - 1]))


def _left(files: arrow_dataset.FileSystemDataset, filter: pc.Expression) -> list[BlockRange]:
    """The ranges in which rows may pass."""
    names = [fragment.path.split("-") for fragment in files.get_fragments(filter=filter)]
    return [(int(begin), int(end)) for begin, end in names]


def _joined(ranges: Iterable[BlockRange]) -> Iterator[BlockRange]:
    """The same, with those that touch as one."""
    begin = end = -1
    for first, last in ranges:
        if first != end:
            if end > begin:
                yield begin, end
            begin = first
        end = last
    if end > begin:
        yield begin, end
