"""The frames of a capture in order of their time or their counters, in bounded memory.

Rules.  The order is stable.  By time, a frame without one stays behind the frame that it came after.  By sequence, the
frames of a stream are sorted among the places that the stream's frames have, so that streams stay interleaved as they
were; a frame that does not count keeps its place.

Strategy.  The capture is read once for the keys of its frames, of which rows of numbers are sorted, on the disk where
there are many; then once more for their bytes, in the order of the output.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sigflow.rewrite.around import Around
from sigflow.rewrite.filtering import finished
from sigflow.rewrite.ordering import SEQUENCE, Orderer, Rising
from sigflow.rewrite.output import Output
from sigflow.rewrite.placed import read_again
from sigflow.rewrite.result import Rewritten
from sigflow.rewrite.rows import RowSorter
from sigflow.rewrite.source import Source
from sigflow.storage.disk import DISK, Disk, Identity, folder_of

if TYPE_CHECKING:
    import numpy

    from sigflow.recording import Recording

    Array = numpy.ndarray[Any, Any]


def in_order(
    recording: Recording, out: str, by: str, *, spared: Collection[Identity] = (), disk: Disk = DISK
) -> Rewritten:
    """Write the frames of a recording, whose storage can be read at any offset, in order.

    by: `time` or `sequence`.  spared, and what is raised: as of `filtered`.
    """
    source = Source(recording, follow=False)
    around = Around(source.formats)
    orderer, rising = Orderer(by, source.formats), Rising()
    folder = folder_of(out)
    width = 6
    sorter, slots = RowSorter(width, 3, folder), RowSorter(2, 2, folder)
    late = unordered = 0
    for frames in source.batches():
        frames = around.without(frames, source.name)
        if not len(frames):
            continue
        keys = orderer.keys(frames)
        late += rising.late(keys.groups[keys.known], keys.values[keys.known])
        unordered += int((~keys.known).sum())
        # What is not compared has a group for itself, and is sorted by its place there.
        values, groups = (keys.values, keys.groups) if by == SEQUENCE else (keys.values, keys.groups * 0)
        values = values if by != SEQUENCE else _placed(values, keys.known, frames.indexes)
        sorter.add(groups, values, frames.indexes, frames.offsets, frames.stops - frames.starts, frames.formats)
        if by == SEQUENCE:
            slots.add(groups, frames.indexes)
    rows = sorter.rows() if by != SEQUENCE else _slotted(sorter, slots, folder)
    with Output(out, disk=disk, spared=spared) as output:
        around.begin(output)
        for some in rows:
            for frames in read_again(recording.storage, some[:, -3], some[:, -2], some[:, -1]):
                output.write(frames)
        around.end(output)
        counts = {"out_of_order": late, "unordered": unordered}
        done = finished("sort", recording, [source], output, out, counts, own_losses=True)
    return replace(done, disorder=((source.name, late),) if late else ())


def _placed(values: Array, known: Array, indexes: Array) -> Array:
    """The values, and of frames that have none their places."""
    import numpy as np

    placed: Array = np.where(known, values, indexes)
    return placed


def _slotted(sorter: RowSorter, slots: RowSorter, folder: str) -> Iterator[Array]:
    """The rows of frames, sorted within their groups, in the places of these groups."""
    import numpy as np

    placed = RowSorter(4, 1, folder)
    waiting: list[Array] = []
    left = slots.rows()
    free = np.empty((0, 2), np.int64)
    for rows in sorter.rows():
        waiting = [free]
        while sum(map(len, waiting)) < len(rows):
            waiting.append(next(left))
        free = np.concatenate(waiting)
        mine, free = free[: len(rows)], free[len(rows) :]
        placed.add(mine[:, 1], rows[:, 3], rows[:, 4], rows[:, 5])
    yield from placed.rows()
