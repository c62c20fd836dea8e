"""Which blocks of a capture may hold rows that pass a filter, whatever the filter is.

Strategy.  Arrow drops the files of a dataset about which it is told what contradicts a filter.  So a dataset is made
of files that do not exist, one for each block, with the bounds of its rows, and asked which of them are left: nothing
of expressions is understood here.  Times may be null, and a bound says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
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


class Blocks:
    """The blocks of a capture, by the bounds of their rows."""

    def __init__(self, bounds: Bounds, schema: pa.Schema) -> None:
        """schema: of the rows; the bounds of `_offset` and `_index` are told, and of `_time` where it has that."""
        self._bounds = bounds
        time = schema.field(TIME).type if TIME in schema.names else None
        self._files = arrow_dataset.FileSystemDataset.from_paths(
            [str(number) for number in range(len(bounds.first))],
            schema=schema,
            format=arrow_dataset.IpcFileFormat(),
            filesystem=fs.LocalFileSystem(),
            partitions=[_true_of(bounds, number, time) for number in range(len(bounds.first))],
        )

    def starts(self, filter: pc.Expression) -> Sequence[Start]:
        """Where the passes begin and end that give all rows that may pass."""
        return list(self._stretches(int(fragment.path) for fragment in self._files.get_fragments(filter=filter)))

    def _stretches(self, numbers: Iterable[int]) -> Iterable[Start]:
        begin = end = -1
        for number in numbers:
            if number != end:
                if end > begin:
                    yield self._start(begin, end)
                begin = number
            end = number + 1
        if end > begin:
            yield self._start(begin, end)

    def _start(self, begin: int, end: int) -> Start:
        """A pass over the blocks [begin, end)."""
        bounds = self._bounds
        return Start(int(bounds.start[begin]), int(bounds.first[begin]), int(bounds.stop[end - 1]))


def _true_of(bounds: Bounds, number: int, time: pa.DataType | None) -> pc.Expression:
    """What is true of every row of a block.  time: the type of the times, which stand between bounds or are null."""
    offset, index, moment = pc.field("_offset"), pc.field("_index"), pc.field(TIME)
    first = int(bounds.first[number])
    known = [
        offset >= int(bounds.start[number]),
        offset < int(bounds.stop[number]),
        index >= first,
        index < first + int(bounds.frames[number]),
    ]
    if time is not None and bounds.timed[number]:
        least, greatest = (pa.scalar(int(at[number]), time) for at in (bounds.time_least, bounds.time_greatest))
        known += [(moment >= least) | pc.is_null(moment), (moment <= greatest) | pc.is_null(moment)]
    return reduce(and_, known)
