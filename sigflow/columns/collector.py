"""Frames of a live stream collected for Arrow: a batch costs the same whatever its size, so it is worth the wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.frames import FrameBatch, joined
from sigflow.columns.options import Options
from sigflow.columns.table import Table
from sigflow.errors import UsageError
from sigflow.events import Record

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
        self._held: list[FrameBatch] = []
        self._frames = self._bytes = 0

    def rows(self, data: Any, frames: Any, numbers: Any, base: int, first: int) -> None:
        """Take frames as arrays."""
        start, stop = int(frames[0, 0]), int(frames[-1, 1])
        starts, stops = frames[:, 0] - start, frames[:, 1] - start
        self._hold(FrameBatch(data[start:stop].copy(), starts, stops, frames[:, 0] + base, numbers, first))

    def piece(self, piece: Piece) -> list[Event]:
        """Take the records of these events; gives the others."""
        others: list[Event] = []
        records: list[Record] = []
        for event in piece:
            if isinstance(event, Record):
                records.append(event)
            else:
                others.append(event)
        if records:
            self._hold(self._batch_of(records))
        return others

    def _batch_of(self, records: Sequence[Record]) -> FrameBatch:
        import numpy as np

        raws = [record.raw for record in records]
        stops = np.cumsum(np.fromiter(map(len, raws), np.int64, len(raws)))
        starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]])
        return FrameBatch(
            np.frombuffer(b"".join(raws), np.uint8),
            starts,
            stops,
            np.fromiter((record.start for record in records), np.int64, len(raws)),
            np.fromiter((self._numbers[record.format] for record in records), np.int32, len(raws)),
            records[0].index,
        )

    def _hold(self, batch: FrameBatch) -> None:
        self._held.append(batch)
        self._frames += len(batch)
        self._bytes += len(batch.data)

    def batches(self, flush: bool) -> Iterator[pyarrow.RecordBatch]:
        """The batches that are full; with `flush` also what is left."""
        while self._frames and (flush or self._frames >= self._size or self._bytes >= BYTES):
            frames = joined(self._held)
            part, rest = frames.part(0, self._size), frames.part(self._size, len(frames))
            self._held, self._frames, self._bytes = [], 0, 0
            if len(rest):
                self._hold(rest)
            if self._table.formats != tuple(self._formats):
                self._table = Table(self._formats, self._options)
            yield from self._table.batches(part)
