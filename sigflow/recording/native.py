"""One native pass over a storage, as `run.Run` is one of a decoder; and the verdict from it.

Strategy.  The native scan gives rows, not objects.  For who iterates, a record is made of each row; for a verdict only
of those whose record may have something to say.  What a verdict lists is kept as rows too, and made into gaps and
findings when somebody looks: a capture with many thousand faults is judged as fast as a sound one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import cached_property
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from sigflow.columns.frames import FrameBatch
from sigflow.engine.counters import Shown
from sigflow.engine.stitch import RANGE, Stitched
from sigflow.engine.windows import windows_of
from sigflow.events import Event, Record
from sigflow.stream.sink import OpenGap
from sigflow.stream.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sigflow.engine import Native
    from sigflow.engine.passes import Batch, Pass
    from sigflow.storage import Storage
    from sigflow.stream.format import Format


#: Records whose places are listed at a time, and their bytes: what that takes is shared by so many.
TAKEN = 1024
TAKEN_BYTES = 1 << 20


class NativeRun:
    """Iterates over the events of a storage that can be read again; once only.  As `run.AnyRun`."""

    engine = "native"

    def __init__(
        self,
        source: Storage,
        native: Native,
        *,
        chunk_size: int | None = None,
        workers: int = 1,
        range_size: int = RANGE,
    ) -> None:
        """range_size: bytes that a worker scans at a time."""
        self._source = source
        self._native = native
        self._chunk_size = chunk_size
        #: The formats with the limits that hold here.
        self.formats: Sequence[Format] = native.formats
        self.ordered = [native.formats[number] for number in native.scan.numbers]
        split = workers > 1 and source.size is not None
        self._pass: Pass | Stitched = Stitched(native, source, workers, range_size) if split else native.one_pass()
        self._counters = native.counters()
        #: The reasons of gaps by their codes: number of the format (-1: none), text.
        self.reasons = native.scan.reasons()[0]
        self._frames = [0] * len(self.ordered)
        self._frame_bytes = [0] * len(self.ordered)
        self._gap_bytes = 0
        self._index = 0

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        counts = self._counters.counts
        by_number = [self._native.scan.numbers.index(n) for n in range(len(self.formats))]
        return Statistics(
            bytes=self._pass.bytes,
            frames=self._index,
            frame_bytes=sum(self._frame_bytes),
            gap_bytes=self._gap_bytes,
            by_format={
                each.name: {"frames": self._frames[by_number[n]], "bytes": self._frame_bytes[by_number[n]]}
                for n, each in enumerate(self.formats)
            },
            sequence=counts.tree(),
            work_ratio=self._pass.work / self._pass.bytes if self._pass.bytes else 0.0,
        )

    @cached_property
    def _numbers(self) -> Any:
        """The places of the formats in the list that was given, as the scan tells them apart."""
        import numpy

        return numpy.array(self._native.scan.numbers, numpy.int32)

    def known(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop)."""
        return self._source.read(start, stop)

    # ---------------------------------------------------------------- batches

    def batches(self) -> Iterator[tuple[Batch, int]]:
        """The batches, each with the index of its first frame; all of it is counted."""
        passed = getattr(self._source, "passed", None)
        for batch in self._found():
            index = self._index
            self._count(batch)
            yield batch, index
            if passed is not None:
                passed(self._pass.bytes)

    def _found(self) -> Iterator[Batch]:
        if isinstance(self._pass, Stitched):
            yield from self._pass.all()
            return
        with closing(windows_of(self._source, self._chunk_size)) as windows:
            yield from self._pass.all(windows)

    def _count(self, batch: Batch) -> None:
        frames, marks, gaps = batch.frames, batch.marks, batch.gaps
        self._index += len(frames)
        if len(gaps):
            self._gap_bytes += int((gaps[:, 1] - gaps[:, 0]).sum())
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
            return self._source.read(batch.base + start, batch.base + stop)
        return batch.data[start:stop].tobytes()

    def shown(self, batch: Batch, index: int) -> Iterator[tuple[int, Shown | list[Event]]]:
        """What the counters of a batch show."""
        return self._counters.over(batch, lambda row: self.record(batch, index, row))

    def ended(self) -> list[Event]:
        """What the counters show once the stream has ended; asked once, behind the last batch."""
        return self._counters.end()

    def frames(self, most: int, most_bytes: int) -> Iterator[FrameBatch]:
        """The frames as arrays, at most so many and, but for a single one, so many bytes at a time."""
        for batch, index in self.batches():
            yield from self.framed(batch, index, most, most_bytes)

    def framed(self, batch: Batch, index: int, most: int, most_bytes: int) -> Iterator[FrameBatch]:
        """The frames of one batch; index: of its first."""
        import numpy

        frames = batch.frames
        row = 0
        while row < len(frames):
            fits = int(frames[:, 1].searchsorted(frames[row, 0] + most_bytes, "right"))
            last = min(row + most, max(fits, row + 1), len(frames))
            rows = frames[row:last]
            shift = int(rows[0, 0])
            # A copy: the columns may keep it, and the buffer is read into again.
            raw = numpy.frombuffer(self._bytes(batch, shift, int(rows[-1, 1])), numpy.uint8)
            yield FrameBatch(
                raw,
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

    # ---------------------------------------------------------------- events

    def __iter__(self) -> Iterator[Event]:
        return chain.from_iterable(self._events())

    def _events(self) -> Iterator[Iterable[Event]]:
        gap = CodedGap(self)
        for batch, index in self.batches():
            yield from self._of_batch(batch, index, gap)
        out: list[Event] = []
        gap.close(out)
        yield out
        yield self.ended()

    def _of_batch(self, batch: Batch, index: int, gap: CodedGap) -> Iterator[Iterable[Event]]:
        out: list[Event] = []
        things: list[tuple[int, int, int, Any]] = []
        for row, shown in self.shown(batch, index):
            if isinstance(shown, Shown):
                things += [
                    (at, 1, 0, [event]) for at, event in zip(shown.rows[:, 0].tolist(), shown.events(), strict=True)
                ]
            else:
                things.append((row, 1, 0, shown))
        if len(batch.gaps):
            before = batch.frames[:, 0].searchsorted(batch.gaps[:, 0]).tolist()
            things += [(row, 0, n, None) for n, row in enumerate(before)]
            things.sort(key=lambda thing: thing[:3])
        gaps, reasons = batch.gaps.tolist(), batch.reasons.tolist()
        done = 0
        for row, rank, n, events in things:
            if row > done:
                gap.close(out)
                yield out
                yield from self._records(batch, index, done, row)
                out = []
                done = row
            if rank:
                gap.close(out)
                out += events
            else:
                start, stop, first, count = gaps[n]
                gap.piece(batch.base + start, batch.base + stop, reasons[first : first + count])
        if done < len(batch.frames):
            gap.close(out)
            yield out
            yield from self._records(batch, index, done, len(batch.frames))
        else:
            yield out

    def _records(self, batch: Batch, index: int, first: int, last: int) -> Iterator[Iterable[Event]]:
        """The records of some rows of a batch, between which there is no gap.

        Each is made when it is taken: who takes them one by one has few alive, and the garbage collector little to do.
        """
        while first < last:
            fits = int(batch.frames[:last, 1].searchsorted(batch.frames[first, 0] + TAKEN_BYTES, "right"))
            until = min(first + TAKEN, max(fits, first + 1), last)
            yield self._taken(batch, index, first, until)
            first = until

    def _taken(self, batch: Batch, index: int, first: int, last: int) -> Iterator[Event]:
        rows = batch.frames[first:last]
        shift = int(rows[0, 0])
        raw = self._bytes(batch, shift, int(rows[-1, 1]))
        stops = (rows[:, 1] - shift).tolist()
        starts = (rows[:, 0] - shift).tolist()
        if len(self.formats) == 1:
            formats: Any = repeat(self.formats[0])
        else:
            formats = [self.ordered[k] for k in batch.marks[first:last, 0].tolist()]
        return Record.row(formats, batch.base + shift, raw, zip(starts, stops, strict=True), index + first)


class CodedGap(OpenGap):
    """The open gap, of pieces with coded reasons."""

    def __init__(self, run: NativeRun) -> None:
        super().__init__([each.name for each in run.formats])
        self._words = [f"{run.formats[number].name}:{text}" if number >= 0 else text for number, text in run.reasons]

    def piece(self, start: int, stop: int, codes: Sequence[int]) -> None:
        """The next piece."""
        if self.start < 0:
            self.start = start
        self.stop = stop
        for code in codes:
            self.reasons[self._words[code]] = None
