"""A capture in parts, each of which can be read by itself: in another process, or on another machine.

Rules.  A partition begins where a believed frame ends, or at 0, so that the state of the scan there is known
(`docs/architecture.md`, rule 9); it ends where the next begins.  The rows of all partitions, one behind the other, are
those of `Recording.to_arrow`, and the bytes of frames, gaps and idle bytes add up to those of the capture.

Strategy.  A plan holds what all partitions share, a partition no more than its bounds: both are pickled, the plan
once for each reader.  The bounds come from the index of the capture, else from a pass over it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sigflow import storage
from sigflow.columns.options import Options
from sigflow.errors import UsageError
from sigflow.frozen import frozen
from sigflow.index.identity import Identity, identity_of, obstacle, stale
from sigflow.recording.indexed import NEVER
from sigflow.recording.recording import Recording
from sigflow.recording.start import Start
from sigflow.storage.base import tag_of
from sigflow.storage.file import FileStorage
from sigflow.storage.mapped import MappedStorage

if TYPE_CHECKING:
    import numpy
    import pyarrow

    from sigflow.limits import Limits
    from sigflow.stream.format import Format
    from sigflow.stream.statistics import Statistics

    Array = numpy.ndarray[tuple[int], numpy.dtype[numpy.int64]]

#: Bytes of a partition, where nothing else is said.
SPLIT = 64 << 20


class Partition(NamedTuple):
    """A part of a capture: its path or URL, where the part begins and ends (None: at the end of the capture), and the
    index of its first frame.
    """

    capture: str
    offset: int
    stop: int | None
    first: int

    @property
    def start(self) -> Start:
        """Where a pass over it begins and ends."""
        return Start(self.offset, self.first, self.stop)


@frozen
class Plan:
    """The partitions of a capture, in order, and what is needed to read them.

    formats: without what the preamble says.  identity: of the capture when it was planned.
    """

    partitions: tuple[Partition, ...]
    formats: tuple[Format, ...]
    limits: Limits | None
    identity: Identity
    engine: str

    def read(
        self,
        partition: Partition,
        *,
        instances: bool = False,
        physical: bool = False,
        fields: Sequence[str] | None = None,
    ) -> PartitionBatches:
        """Returns the record batches of a partition; the arguments are those of `Recording.batches`.

        Iterating raises `UsageError` where the capture is not what it was when it was planned, or a field is unknown,
        and `OSError` where it cannot be read.
        """
        return PartitionBatches(self, partition, _options(instances, physical, fields))

    def schema(
        self, *, instances: bool = False, physical: bool = False, fields: Sequence[str] | None = None
    ) -> pyarrow.Schema:
        """Returns the schema of these batches; the capture is read for its preamble, where it has one."""
        from sigflow.columns.table import Table

        with self.opened(self.partitions[0].capture) as recording:
            return Table(recording.run().formats, _options(instances, physical, fields)).schema

    def opened(self, capture: str) -> Recording:
        """Returns the capture, opened.  Raises `UsageError` where it is not what it was when it was planned."""
        opened = storage.open(capture)
        recording = Recording(opened, self.formats, limits=self.limits, engine=self.engine, index=NEVER)
        try:
            why = stale(self.identity, identity_of(opened, recording.run().formats, self.limits))
            if why:
                raise UsageError(f"{capture}: it is not what it was when it was planned: {why}")
        except BaseException:
            recording.close()
            raise
        return recording


class PartitionBatches:
    """The record batches of a partition.  State: what has been counted in the pass that was begun last."""

    def __init__(self, plan: Plan, partition: Partition, wanted: Options) -> None:
        self._plan = plan
        self._wanted = wanted
        self.partition = partition
        #: What was in the partition, once its last batch was taken; of sequence counters nothing is counted.
        self.statistics: Statistics | None = None

    def __iter__(self) -> Iterator[pyarrow.RecordBatch]:
        from sigflow.columns.table import Table
        from sigflow.recording import tables

        partition = self.partition
        with self._plan.opened(partition.capture) as recording:
            run = recording.run_from(partition.start)
            yield from tables.batches_of(run, Table(run.formats, self._wanted))
            self.statistics = run.statistics


def plan(recording: Recording, count: int | None = None, split_bytes: int | None = None) -> Plan:
    """Cuts a capture into partitions: at most `count`, or of at least `split_bytes` each but for the last (64 MiB,
    where neither is said).

    Where the capture has an index, as the recording was opened, partitions begin and end where its blocks do, so they
    may be larger, and nothing is scanned; else all of it is.  Raises `UsageError` where a part cannot be read by
    itself: of a pipe, of a compressed file, of what is no file, of a stream with cuts, of whole-file formats, and where
    frames are chosen, fallback formats are tried, or a reading is strict or lenient.
    """
    if count is not None and split_bytes is not None:
        raise UsageError("a number of partitions and their size exclude each other")
    if (count is not None and count < 1) or (split_bytes is not None and split_bytes < 1):
        raise UsageError(f"{count or split_bytes or 0} is no number of partitions or bytes: wanted at least 1")
    why = obstacle(recording.storage, recording.formats)
    remote = tag_of(recording.storage) is not None
    if not why and not remote and not isinstance(recording.storage, FileStorage | MappedStorage):
        why = "it is no file"
    why = why or recording.whole_only
    if why:
        raise UsageError(f"{recording.name}: it cannot be read in parts: {why}")
    size = recording.storage.size or 0
    least = split_bytes if split_bytes is not None else -(-size // count) if count is not None else SPLIT
    identity = identity_of(recording.storage, recording.run().formats, recording.limits)
    capture = recording.name if remote else os.path.abspath(recording.name)
    bounds = [(0, 0), *_cuts(recording, max(least, 1))]
    stops = [*(offset for offset, _ in bounds[1:]), None]
    partitions = tuple(
        Partition(capture, offset, stop, first) for (offset, first), stop in zip(bounds, stops, strict=True)
    )
    return Plan(partitions, tuple(recording.formats), recording.limits, identity, recording.engine)


def _cuts(recording: Recording, least: int) -> list[tuple[int, int]]:
    """Where partitions but the first begin, and the index of the frame that is next there."""
    places = recording.places()
    if places is not None:
        bounds = places.index.bounds
        ends: Iterable[tuple[Array, Array]] = [(bounds.stop, bounds.first + bounds.frames)]
    else:
        batches = recording.run().frames(raw=False)
        ends = ((frames.offsets + (frames.stops - frames.starts), frames.indexes + 1) for frames in batches)
    cuts: list[tuple[int, int]] = []
    wanted, frames = least, 0
    for stops, nexts in ends:
        while (row := int(stops.searchsorted(wanted))) < len(stops):
            cuts.append((int(stops[row]), int(nexts[row])))
            wanted = cuts[-1][0] + least
        frames = int(nexts[-1]) if len(nexts) else frames
    if cuts and cuts[-1][1] == frames:
        cuts.pop()  # (no frame comes behind it)
    return cuts


def _options(instances: bool, physical: bool, fields: Sequence[str] | None) -> Options:
    return Options(instances, physical, None if fields is None else tuple(fields))
