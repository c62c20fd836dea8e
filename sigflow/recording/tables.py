"""From a recording to tables: its frames as arrays, and these as batches, tables and NumPy arrays.

`frames_of` is the seam: it gives the frames of a run as arrays, wherever they come from.  Here they come from events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from sigflow.columns.frames import FrameBatch
from sigflow.events import Event, Record

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    from sigflow.columns.table import Table
    from sigflow.recording.run import Run

#: Frames of one batch, and their bytes, at most; one frame there is always.
SIZE = 1 << 16
BYTES = 32 << 20


def frames_of(
    run: Run, size: int = SIZE, *, most: int | None = None, seen: Callable[[Event], object] | None = None
) -> Iterator[FrameBatch]:
    """The frames of a run, in its order, at most `size` at a time.

    most: stop behind so many frames.  seen: is called with each event before its frame is given.
    """
    numbers = {format.name: number for number, format in enumerate(run.formats)}
    pieces: list[bytes] = []
    offsets: list[int] = []
    formats: list[int] = []
    first = held = 0
    if most == 0:
        return
    for event in run:
        if seen is not None:
            seen(event)
        if not isinstance(event, Record):
            continue
        if pieces and held + len(event.raw) > BYTES:
            yield _batch(pieces, offsets, formats, first)
            first, held = first + len(pieces), 0
            pieces, offsets, formats = [], [], []
        pieces.append(event.raw)
        offsets.append(event.start)
        formats.append(numbers[event.format])
        held += len(event.raw)
        last = most is not None and first + len(pieces) == most
        if len(pieces) >= size or last:
            yield _batch(pieces, offsets, formats, first)
            first, held = first + len(pieces), 0
            pieces, offsets, formats = [], [], []
        if last:
            return
    if pieces:
        yield _batch(pieces, offsets, formats, first)


def _batch(pieces: list[bytes], offsets: list[int], formats: list[int], first: int) -> FrameBatch:
    import numpy as np

    stops = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)))
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]])
    data = np.frombuffer(b"".join(pieces), np.uint8)
    return FrameBatch(data, starts, stops, np.array(offsets, np.int64), np.array(formats, np.int32), first)


def batches_of(run: Run, table: Table, size: int = SIZE) -> Iterator[pyarrow.RecordBatch]:
    """The frames of a run as record batches of at most `size` rows."""
    for frames in frames_of(run, size):
        yield from table.batches(frames)


def numpy_of(run: Run) -> np.ndarray[Any, Any]:
    """The numbers at fixed places of the frames of a run, as one structured array."""
    import numpy as np

    from sigflow.columns.scalars import ScalarColumns

    columns = ScalarColumns(run.formats)
    found = [columns.array(frames) for frames in frames_of(run)]
    return np.concatenate(found) if found else columns.empty()
