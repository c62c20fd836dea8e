"""Frames of a live stream collected for Arrow: a batch costs the same whatever its size, so it is worth the wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.frames import FrameBatch, told
from sigflow.columns.options import Options
from sigflow.columns.table import Table
from sigflow.errors import UsageError
from sigflow.events import FrameRun, Record

if TYPE_CHECKING:
    import pyarrow

    from sigflow.events import Event
    from sigflow.stream.engines import Piece
    from sigflow.stream.format import Format

#: Bytes of frames that are collected at most, however few frames they are.
BYTES = 16 << 20


class Collector:
    """Takes frames and gives batches of columns (`stream.engines.Collector`).

    formats: as the decoder lists them, to be read again when a preamble was found.  size: rows of a batch.
    """

    def __init__(
        self,
        formats: Sequence[Format],
        size: int,
        *,
        fields: Sequence[str] | None = None,
        instances: bool = False,
        physical: bool = False,
    ) -> None:
        if size < 1:
            raise UsageError(f"batches of {size} rows, wanted at least 1")
        self._formats = formats
        self._size = size
        self._options = Options(instances, physical, None if fields is None else tuple(fields))
        self._table = Table(formats, self._options)
        self._numbers = {format.name: number for number, format in enumerate(formats)}
        self._full: list[tuple[FrameBatch, Table]] = []
        self._begin()

    def _begin(self, room: int = 1 << 16) -> None:
        """A new batch, in arrays of its own: the columns may keep them.  room: bytes to begin with."""
        import numpy as np

        self._data = np.empty(room, np.uint8)
        self._starts, self._stops, self._offsets = (np.empty(self._size, np.int64) for _ in range(3))
        self._kinds = np.empty(self._size, np.int32)
        self._count = self._used = self._first = 0
        self._carried: list[tuple[Any, ...] | None] = []

    def rows(self, data: Any, frames: Any, numbers: Any, base: int, first: int) -> None:
        """Take frames as arrays."""
        self._put(data, frames[:, 0], frames[:, 1], frames[:, 0] + base, numbers, first, [None] * len(frames))

    def _put(
        self,
        data: Any,
        starts: Any,
        stops: Any,
        offsets: Any,
        numbers: Any,
        first: int,
        carried: list[tuple[Any, ...] | None],
    ) -> None:
        """Take frames with these places in `data`, and these offsets in the stream.  carried: what each was told."""
        row, count = 0, len(starts)
        while row < count:
            last = min(row + self._size - self._count, count)
            start, stop = int(starts[row]), int(stops[last - 1])
            shift = self._used - start
            self._make_room(stop + shift)
            self._data[self._used : stop + shift] = data[start:stop]
            if not self._count:
                self._first = first + row
            here, these = slice(self._count, self._count + last - row), slice(row, last)
            self._starts[here] = starts[these] + shift
            self._stops[here] = stops[these] + shift
            self._offsets[here] = offsets[these]
            self._kinds[here] = numbers if isinstance(numbers, int) else numbers[these]
            self._carried += carried[these]
            self._count, self._used = here.stop, stop + shift
            if self._count == self._size or self._used >= BYTES:
                self._close()
            row = last

    def _make_room(self, wanted: int) -> None:
        import numpy as np

        if wanted > len(self._data):
            grown = np.empty(max(wanted, 2 * len(self._data)), np.uint8)
            grown[: self._used] = self._data[: self._used]
            self._data = grown

    @property
    def waits(self) -> bool:
        """Whether there are frames that no batch was given of."""
        return bool(self._count or self._full)

    def close(self) -> None:
        """The formats are about to change: the frames so far make a batch."""
        if self._count:
            self._close()

    def _close(self) -> None:
        """The batch is full, or shall be."""
        count, used = self._count, self._used
        arrays = (self._starts[:count], self._stops[:count], self._offsets[:count], self._kinds[:count])
        if self._table.formats != tuple(self._formats):
            self._table = Table(self._formats, self._options)
        frames = FrameBatch(self._data[:used], *arrays, self._first, None, told(self._carried))
        self._full.append((frames, self._table))
        self._begin(used)

    def piece(self, piece: Piece) -> list[Event]:
        """Take the records of these events; gives the others."""
        if isinstance(piece, FrameRun) and piece.late is not None:  # (then all are of one format)
            self._run(piece)
            return []
        others: list[Event] = []
        records: list[Record] = []
        for event in piece:
            if isinstance(event, Record):
                records.append(event)
            else:
                others.append(event)
        if records:
            self._take(records)
        return others

    def _run(self, run: FrameRun) -> None:
        """Take frames of one format whose bytes are together."""
        import numpy as np

        bounds = np.array(run.bounds, np.int64)
        places = bounds - bounds[0]
        number = self._numbers[run.readers[0].name]
        data = np.frombuffer(run.raw, np.uint8)
        carried = [None if run.carried is None else run.carried.get(row) for row in range(len(run))]
        self._put(data, places[:-1], places[1:], bounds[:-1] + run.shift, number, run.first, carried)

    def _take(self, records: Sequence[Record]) -> None:
        import numpy as np

        raws = [record.raw for record in records]
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.fromiter(map(len, raws), np.int64, len(raws)))])
        data = np.frombuffer(b"".join(raws), np.uint8)
        numbers = np.fromiter((self._numbers[record.format] for record in records), np.int32, len(raws))
        offsets = np.fromiter((record.start for record in records), np.int64, len(raws))
        carried = [record.carried for record in records]
        self._put(data, bounds[:-1], bounds[1:], offsets, numbers, records[0].index, carried)

    def batches(self, flush: bool) -> Iterator[pyarrow.RecordBatch]:
        """The batches that are full; with `flush` also what is left."""
        if flush and self._count:
            self._close()
        while self._full:
            frames, table = self._full.pop(0)
            yield from table.batches(frames)
