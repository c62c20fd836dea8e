"""From a recording to tables: its frames as arrays, and these as batches, tables and NumPy arrays.

`frames_of` is the seam: it gives the frames of a run as arrays, wherever they come from.  Here they come from events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.frames import FrameBatch
from sigflow.errors import UsageError
from sigflow.events import Event, Gap, Record

if TYPE_CHECKING:
    import numpy as np
    import pyarrow

    from sigflow.columns.table import Table
    from sigflow.recording.native import NativeRun
    from sigflow.recording.recording import Recording, Verdict
    from sigflow.recording.report import Report
    from sigflow.recording.run import AnyRun
    from sigflow.stream.format import Format

#: Frames of one batch, and their bytes, at most; one frame there is always.
SIZE = 1 << 16
BYTES = 16 << 20


def frames_of(run: AnyRun, size: int = SIZE) -> Iterator[FrameBatch]:
    """The frames of a run, in its order, at most `size` at a time."""
    found = getattr(run, "frames", None)
    if found is not None:
        return merged(found(size, BYTES), size)
    return framed((event for event in run if isinstance(event, Record)), run.formats, size)


def merged(batches: Iterable[FrameBatch], size: int = SIZE) -> Iterator[FrameBatch]:
    """The same frames in fewer batches, of at most `size` frames."""
    held: list[FrameBatch] = []
    frames = room = 0
    for batch in batches:
        if held and (frames + len(batch) > size or room < len(batch.data)):
            yield _joined(held)
            held, frames = [], 0
        if not held:
            room = BYTES
        held.append(batch)
        frames += len(batch)
        room -= len(batch.data)
    if held:
        yield _joined(held)


def _joined(batches: list[FrameBatch]) -> FrameBatch:
    import numpy as np

    if len(batches) == 1:
        return batches[0]
    shifts = np.cumsum([0, *(len(batch.data) for batch in batches)])
    return FrameBatch(
        np.concatenate([batch.data for batch in batches]),
        np.concatenate([batch.starts + shift for batch, shift in zip(batches, shifts, strict=False)]),
        np.concatenate([batch.stops + shift for batch, shift in zip(batches, shifts, strict=False)]),
        np.concatenate([batch.offsets for batch in batches]),
        np.concatenate([batch.formats for batch in batches]),
        batches[0].first,
    )


def framed(records: Iterable[Record], formats: Sequence[Format], size: int = SIZE) -> Iterator[FrameBatch]:
    """These records as arrays, at most `size` at a time."""
    numbers = {format.name: number for number, format in enumerate(formats)}
    # Of a record no more is kept than this: so many objects would keep the garbage collector busy.
    raws: list[bytes] = []
    places: list[int] = []
    kinds: list[int] = []
    first, room = 0, BYTES
    for record in records:
        raw = record.raw
        if raws and (len(raws) >= size or room < len(raw)):
            yield _batch(raws, places, kinds, first)
            raws, places, kinds, room = [], [], [], BYTES
        if not raws:
            first = record.index
        raws.append(raw)
        places.append(record.start)
        kinds.append(numbers[record.format])
        room -= len(raw)
    if raws:
        yield _batch(raws, places, kinds, first)


def _batch(raws: list[bytes], places: list[int], kinds: list[int], first: int) -> FrameBatch:
    import numpy as np

    stops = np.cumsum(np.fromiter(map(len, raws), np.int64, len(raws)))
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1]])
    data = np.frombuffer(b"".join(raws), np.uint8)
    return FrameBatch(data, starts, stops, np.array(places, np.int64), np.array(kinds, np.int32), first)


class Judged:
    """One pass over a recording for both: its frames as arrays, and the verdict on it.  State: the run."""

    def __init__(self, recording: Recording) -> None:
        self._name = recording.name
        self._run = recording.run(keep=True)
        self._report: Callable[[str], Report] | None = None
        self._counted: list[Event] = []

    @property
    def formats(self) -> Sequence[Format]:
        """The formats with the limits that hold here."""
        return self._run.formats

    def frames(self, size: int = SIZE) -> Iterator[FrameBatch]:
        """The frames, at most `size` at a time; once only."""
        from sigflow.recording.native import NativeRun

        if isinstance(self._run, NativeRun):
            yield from merged(self._natively(self._run, size), size)
            return
        from sigflow.recording.recording import Verdict

        verdict = Verdict(self._run)
        yield from framed(self._told(verdict), self.formats, size)
        self._report = verdict.report

    def _natively(self, run: NativeRun, size: int) -> Iterator[FrameBatch]:
        from sigflow.recording.judge import NativeVerdict

        verdict = NativeVerdict(run)
        for batch, index in run.batches():
            verdict.add(batch, index, self._counted)
            yield from run.framed(batch, index, size, BYTES)
        verdict.end(self._counted)
        self._report = verdict.report

    def _told(self, verdict: Verdict) -> Iterator[Record]:
        for event in self._run:
            verdict.add(event)
            if isinstance(event, Record):
                yield event
            elif not isinstance(event, Gap):
                self._counted.append(event)

    def counted(self) -> list[Event]:
        """The losses and notes since this was asked last: those of the frames given, and maybe of some that follow."""
        events, self._counted = self._counted, []
        return events

    def report(self) -> Report:
        """The verdict, once all frames were taken."""
        if self._report is None:
            raise UsageError("a verdict before the end of the recording")
        return self._report(self._name)


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
