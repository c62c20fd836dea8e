"""The frames of a run as arrays, whether they come as arrays or as records.

A batch holds a bounded number of frames and of bytes; a single frame that is larger is a batch of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.events import Record

if TYPE_CHECKING:
    from sigflow.columns.frames import Array, FrameBatch
    from sigflow.stream.format import Format

#: Frames of one batch, and their bytes, at most; one frame there is always.
SIZE = 1 << 16
BYTES = 16 << 20


def merged(batches: Iterable[FrameBatch], size: int = SIZE) -> Iterator[FrameBatch]:
    """The same frames in fewer batches, of at most `size` frames.

    Each batch is done with before the next one is asked for: their bytes need be valid no longer.
    """
    held: list[FrameBatch] = []
    data = None
    frames = filled = 0
    for batch in batches:
        room = BYTES if data is None else len(data)
        if held and (frames + len(batch) > size or room - filled < len(batch.data)):
            yield _joined(held, data, filled)
            held, data, frames, filled = [], None, 0, 0
        if data is None and len(batch.data):
            import numpy as np

            data = np.empty(max(BYTES, len(batch.data)), np.uint8)
        stop = filled + len(batch.data)
        if data is not None:
            data[filled:stop] = batch.data
        held.append(batch.moved(filled))
        frames += len(batch)
        filled = stop
    if held:
        yield _joined(held, data, filled)


def _joined(batches: list[FrameBatch], data: Array | None, filled: int) -> FrameBatch:
    """Batches of which the bytes stand one behind the other in `data`."""
    import numpy as np

    from sigflow.columns.frames import FrameBatch, carried_of, indexes_of

    return FrameBatch(
        np.empty(0, np.uint8) if data is None else data[:filled],
        np.concatenate([batch.starts for batch in batches]),
        np.concatenate([batch.stops for batch in batches]),
        np.concatenate([batch.offsets for batch in batches]),
        np.concatenate([batch.formats for batch in batches]),
        batches[0].first,
        indexes_of(batches),
        carried_of(batches),
    )


def framed(records: Iterable[Record], formats: Sequence[Format], size: int = SIZE) -> Iterator[FrameBatch]:
    """These records as arrays, at most `size` at a time."""
    numbers = {format.name: number for number, format in enumerate(formats)}
    # Of a record no more is kept than this: so many objects would keep the garbage collector busy.
    raws: list[bytes] = []
    places: list[int] = []
    kinds: list[int] = []
    indexes: list[int] = []
    carried: list[tuple[Any, ...] | None] = []
    room = BYTES
    for record in records:
        raw = record.raw
        if raws and (len(raws) >= size or room < len(raw)):
            yield _batch(raws, places, kinds, indexes, carried)
            raws, places, kinds, indexes, carried, room = [], [], [], [], [], BYTES
        raws.append(raw)
        places.append(record.start)
        kinds.append(numbers[record.format])
        indexes.append(record.index)
        carried.append(record.carried)
        room -= len(raw)
    if raws:
        yield _batch(raws, places, kinds, indexes, carried)


def _batch(
    raws: list[bytes],
    places: list[int],
    kinds: list[int],
    indexes: list[int],
    carried: list[tuple[Any, ...] | None],
) -> FrameBatch:
    import numpy as np

    from sigflow.columns.frames import FrameBatch, told

    stops = np.cumsum(np.fromiter(map(len, raws), np.int64, len(raws)))
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]])
    data = np.frombuffer(b"".join(raws), np.uint8)
    inner = np.array(indexes, np.int64)
    picked = inner if indexes[-1] - indexes[0] >= len(indexes) else None  # (they rise)
    offsets, formats = np.array(places, np.int64), np.array(kinds, np.int32)
    return FrameBatch(data, starts, stops, offsets, formats, indexes[0], picked, told(carried))
