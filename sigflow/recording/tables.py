"""From a recording to tables: its frames as arrays, and these as batches, tables and NumPy arrays.

`frames_of` is the seam: it gives the frames of a run as arrays, wherever they come from.  Here they come from events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.frames import FrameBatch
from sigflow.events import Record

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    from sigflow.columns.table import Table
    from sigflow.recording.run import AnyRun
    from sigflow.stream.format import Format

#: Frames of one batch, and their bytes, at most; one frame there is always.
SIZE = 1 << 16
BYTES = 16 << 20


def frames_of(run: AnyRun, size: int = SIZE) -> Iterator[FrameBatch]:
    """The frames of a run, in its order, at most `size` at a time."""
    found = getattr(run, "frames", None)
    if found is not None:
        return found(size, BYTES)  # type: ignore[no-any-return]
    return framed((event for event in run if isinstance(event, Record)), run.formats, size)


def framed(records: Iterable[Record], formats: Sequence[Format], size: int = SIZE) -> Iterator[FrameBatch]:
    """These records as arrays, at most `size` at a time."""
    numbers = {format.name: number for number, format in enumerate(formats)}
    held: list[Record] = []
    room = BYTES
    for record in records:
        if held and (len(held) >= size or room < len(record.raw)):
            yield _batch(held, numbers)
            held, room = [], BYTES
        held.append(record)
        room -= len(record.raw)
    if held:
        yield _batch(held, numbers)


def _batch(records: list[Record], numbers: dict[str, int]) -> FrameBatch:
    import numpy as np

    count = len(records)
    stops = np.cumsum(np.fromiter((len(one.raw) for one in records), np.int64, count))
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]])
    return FrameBatch(
        np.frombuffer(b"".join([one.raw for one in records]), np.uint8),
        starts,
        stops,
        np.fromiter((one.start for one in records), np.int64, count),
        np.fromiter((numbers[one.format] for one in records), np.int32, count),
        records[0].index,
    )


def batches_of(run: AnyRun, table: Table, size: int = SIZE) -> Iterator[pyarrow.RecordBatch]:
    """The frames of a run as record batches of at most `size` rows."""
    for frames in frames_of(run, size):
        yield from table.batches(frames)


def numpy_of(run: AnyRun) -> np.ndarray[Any, Any]:
    """The numbers at fixed places of the frames of a run, as one structured array."""
    import numpy as np

    from sigflow.columns.scalars import ScalarColumns

    columns = ScalarColumns(run.formats)
    found = [columns.array(frames) for frames in frames_of(run)]
    return np.concatenate(found) if found else columns.empty()
