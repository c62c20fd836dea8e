"""One native pass over a storage, as rows of numbers: of frames, of pieces of gaps, of what the counters show.

A row becomes a record, a batch of arrays or a gap where somebody asks for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sigflow.columns.frames import FrameBatch
from sigflow.engine.counters import CounterEvents
from sigflow.engine.stitch import RANGE, Stitched
from sigflow.engine.windows import windows_of
from sigflow.events import Event, Record
from sigflow.stream.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sigflow.engine import Native
    from sigflow.engine.passes import Batch, Pass
    from sigflow.recording.start import Start
    from sigflow.storage import Storage
    from sigflow.stream.format import Format


class NativeRows:
    """The rows of a storage that can be read again, in batches; once only.

    State: the pass and the sequence counters, and what has been counted so far.
    """

    engine = "native"

    def __init__(
        self,
        source: Storage,
        native: Native,
        *,
        chunk_size: int | None = None,
        workers: int = 1,
        range_size: int = RANGE,
        start: Start | None = None,
    ) -> None:
        """range_size: bytes that a worker scans at a time.  start: where the pass begins and ends."""
        #: What is read.
        self.storage = source
        self._native = native
        self._chunk_size = chunk_size
        #: The formats with the limits that hold here.
        self.formats: Sequence[Format] = native.formats
        self.order = native.scan.order
        #: The same in the order of the scan: `order` has their numbers.
        self.ordered = [native.formats[number] for number in self.order]
        split = workers > 1 and source.size is not None
        self._start = start
        self._pass: Pass | Stitched = (
            Stitched(native, source, workers, range_size, *self._place) if split else native.one_pass()
        )
        self._counters = native.counters()
        #: The reasons of gaps by their codes: number of the format (-1: none), text.
        self.reasons = native.scan.reasons()[0]
        self._frames = [0] * len(self.ordered)
        self._frame_bytes = [0] * len(self.ordered)
        self._gap_bytes = self._idle_bytes = 0
        self._index = self._first = start.first if start is not None else 0
        #: Each is called with a batch, and the index of its first frame, before anybody else gets it.
        self.watchers: list[Callable[[Batch, int], object]] = []

    @property
    def _place(self) -> tuple[int, int | None, int] | tuple[()]:
        """Offset, stop and lock of the pass, where it is not over all."""
        if self._start is None:
            return ()
        from sigflow.recording.start import lock_at

        return self._start.offset, self._start.stop, lock_at(self._start, self.formats)

    def unsplit(self) -> None:
        """One thread scans, whatever was said; before anything is asked."""
        self._pass = self._native.one_pass()

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        counts = self._counters.counts
        counted = sum(self._frame_bytes), self._gap_bytes, self._idle_bytes
        by_number = [self._native.scan.order.index(n) for n in range(len(self.formats))]
        return Statistics(
            bytes=self._pass.bytes if self._start is None else sum(counted),
            frames=self._index - self._first,
            frame_bytes=sum(self._frame_bytes),
            gap_bytes=self._gap_bytes,
            idle_bytes=self._idle_bytes,
            by_format={
                format.name: {"frames": self._frames[by_number[n]], "bytes": self._frame_bytes[by_number[n]]}
                for n, format in enumerate(self.formats)
            },
            sequence=counts.tree(),
            work_ratio=self._pass.work / self._pass.bytes if self._pass.bytes else 0.0,
        )

    @cached_property
    def _numbers(self) -> Any:
        """The places of the formats in the list that was given, as the scan tells them apart."""
        import numpy

        return numpy.array(self._native.scan.order, numpy.int32)

    def known(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop)."""
        return self.storage.read(start, stop)

    # ---------------------------------------------------------------- batches

    def batches(self) -> Iterator[tuple[Batch, int]]:
        """The batches, each with the index of its first frame; all of it is counted."""
        passed = getattr(self.storage, "passed", None)
        stop = self._start.stop if self._start is not None else None
        for scanned in self._found():
            batch = scanned if stop is None else _before(stop, scanned)
            index = self._index
            self._count(batch)
            for watcher in self.watchers:
                watcher(batch, index)
            yield batch, index
            if passed is not None:
                passed(self._pass.bytes)

    def _found(self) -> Iterator[Batch]:
        if isinstance(self._pass, Stitched):
            yield from self._pass.all()
            return
        with closing(windows_of(self.storage, self._chunk_size)) as windows:
            yield from self._pass.all(windows, *self._place)

    def _count(self, batch: Batch) -> None:
        frames, marks, gaps = batch.frames, batch.marks, batch.gaps
        self._index += len(frames)
        if len(gaps):
            sizes = gaps[:, 1] - gaps[:, 0]
            idle = int(sizes[gaps[:, 3] == 0].sum())
            self._idle_bytes += idle
            self._gap_bytes += int(sizes.sum()) - idle
        if not len(frames):
            return
        sizes = frames[:, 1] - frames[:, 0]
        if len(self.ordered) == 1:
            self._frames[0] += len(frames)
            self._frame_bytes[0] += int(sizes.sum())
            return
        for k in range(len(self.ordered)):
            mine = marks[:, 0] == k
            self._frames[k] += int(mine.sum())
            self._frame_bytes[k] += int(sizes[mine].sum())

    def record(self, batch: Batch, index: int, row: int) -> Record:
        """The record of a row of a batch whose first frame has this index."""
        start, stop = batch.frames[row, :2].tolist()
        format = self.ordered[batch.marks[row, 0]]
        return Record(format, batch.base + start, self._bytes(batch, start, stop), index + row)

    def _bytes(self, batch: Batch, start: int, stop: int) -> bytes:
        if batch.data is None:
            return self.storage.read(batch.base + start, batch.base + stop)
        return batch.data[start:stop].tobytes()

    def shown(self, batch: Batch, index: int) -> Iterator[tuple[int, CounterEvents | list[Event]]]:
        """What the counters of a batch show."""
        return self._counters.over(batch, lambda row: self.record(batch, index, row))

    def ended(self) -> list[Event]:
        """What the counters show once the stream has ended; asked once, behind the last batch."""
        return self._counters.end()

    def framed(self, batch: Batch, index: int, most: int, most_bytes: int, *, raw: bool = True) -> Iterator[FrameBatch]:
        """The frames of one batch; index: of its first.

        raw: with their bytes, which are valid until the next batch is asked for.
        """
        import numpy

        frames = batch.frames
        row = 0
        while row < len(frames):
            fits = int(frames[:, 1].searchsorted(frames[row, 0] + most_bytes, "right"))
            last = min(row + most, max(fits, row + 1), len(frames))
            rows = frames[row:last]
            shift = int(rows[0, 0])
            stop = int(rows[-1, 1])
            if not raw:
                data = numpy.empty(0, numpy.uint8)
            elif batch.data is None:
                data = numpy.frombuffer(self._bytes(batch, shift, stop), numpy.uint8)
            else:
                data = batch.data[shift:stop]
            yield FrameBatch(
                data,
                rows[:, 0] - shift,
                rows[:, 1] - shift,
                rows[:, 0] + batch.base,
                self._numbers[batch.marks[row:last, 0]],
                index + row,
            )
            row = last

    def some(self, batch: Batch, rows: Any) -> FrameBatch:
        """Some rows of a batch, in order; their bytes are valid until the next batch.  Their index is not told."""
        import numpy

        frames = batch.frames[rows]
        data, shift = batch.data, 0
        if data is None:
            shift = int(frames[0, 0])
            data = numpy.frombuffer(self._bytes(batch, shift, int(frames[-1, 1])), numpy.uint8)
        return FrameBatch(
            data,
            frames[:, 0] - shift,
            frames[:, 1] - shift,
            frames[:, 0] + batch.base,
            self._numbers[batch.marks[rows, 0]],
        )


def _before(stop: int, batch: Batch) -> Batch:
    """What lies before `stop`, where a frame ends: the Python scan, where it helps, may have decided more."""
    frames = int(batch.frames[:, 0].searchsorted(stop - batch.base))
    gaps = int(batch.gaps[:, 0].searchsorted(stop - batch.base))
    return batch._replace(frames=batch.frames[:frames], marks=batch.marks[:frames], gaps=batch.gaps[:gaps])
