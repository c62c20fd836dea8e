"""Indexes of captures that are made by the tasks of a Spark cluster.

Strategy.  Two jobs for each wave of work: in the first, tasks scan ranges (`ranges`), which the driver stitches; in the
second, tasks read the parts that come of that, with true states, and make the blocks of the index.  The driver writes
it.  Of formats that the native engine cannot scan for, a task makes the blocks of a whole capture.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sigflow import catalog, storage
from sigflow.errors import UsageError
from sigflow.frozen import frozen
from sigflow.index.identity import identity_of, obstacle
from sigflow.recording.indexed import NEVER, path_of
from sigflow.recording.indexing import PartBlocks, blocks_of_part, join_parts
from sigflow.recording.recording import Recording
from sigflow.recording.start import Start
from sigflow.scale.captures import captures_of
from sigflow.scale.partitions import Plan
from sigflow.scale.ranges import RANGE, FoundPlaces, Range, can_stitch, places_in, ranges_of, stitched
from sigflow.stream.format import Format

if TYPE_CHECKING:
    from sigflow.limits import Limits

#: Tasks of a wave, for each core: so that what they give fits into the driver.
WAVE = 4


@frozen
class Indexed:
    """An index that was made: of which capture, its path or URL, and how many frames there are."""

    capture: str
    index: str
    frames: int


def index(
    spark: Any,
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    spec: str | Format | Sequence[str | Format],
    *,
    limits: Limits | None = None,
    range_bytes: int = RANGE,
) -> list[Indexed]:
    """Makes the index of each capture beside it, by the tasks of a Spark session, and returns what was made.

    paths: files, folders, patterns and URLs, which driver and tasks see alike.  spec: names of formats, `.ksy` paths,
    or formats.  range_bytes: of what one task reads.  Of sequence counters the indexes say nothing; all else is what
    `sigflow index build` makes.

    Raises `UsageError` where a capture can have no index, or changes meanwhile, and what Spark raises.
    """
    if range_bytes < 1:
        raise UsageError(f"ranges of {range_bytes} bytes, wanted at least 1")
    named = [spec] if isinstance(spec, str | Format) else list(spec)
    formats = [item if isinstance(item, Format) else catalog.load(item) for item in named]
    listed = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    return [
        _index(spark, name, formats, limits, range_bytes) for name in captures_of([os.fspath(path) for path in listed])
    ]


def _index(spark: Any, name: str, formats: Sequence[Format], limits: Limits | None, length: int) -> Indexed:
    with Recording(storage.open(name), formats, limits=limits, index=NEVER) as source:
        why = obstacle(source.storage, source.formats)
        if why:
            raise UsageError(f"{name}: there can be no index: {why}")
        bound = source.run().formats
        identity = identity_of(source.storage, bound, limits)
    ranges = ranges_of(name, identity.size, length)
    cuts = [(0, 0)]
    if can_stitch(bound) and len(ranges) > 1:
        scans: Iterator[FoundPlaces] = _each(spark, _Scan(bound), ranges)
        cuts = [(cut.offset, cut.first) for cut in stitched(name, bound, zip(ranges, scans, strict=True), length)[0]]
    starts = [Start(*begin, end[0]) for begin, end in pairwise(cuts)] + [Start(*cuts[-1], None)]
    plan = Plan((), tuple(formats), limits, identity, "auto")
    path = path_of(name)
    frames = join_parts(path, identity, _each(spark, _Blocks(plan, name), starts))
    return Indexed(name, path, frames)


@frozen
class _Scan:
    """What a task does in the first job."""

    formats: Sequence[Format]

    def __call__(self, wanted: Range) -> FoundPlaces:
        return places_in(wanted, self.formats)


@frozen
class _Blocks:
    """What a task does in the second."""

    plan: Plan
    capture: str

    def __call__(self, start: Start) -> PartBlocks:
        with self.plan.opened(self.capture) as recording:
            return blocks_of_part(recording, start)


def _each(spark: Any, work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
    """What the work gives for each item, in order: by tasks, a wave of them at a time."""
    wave = max(WAVE * _cores(spark), 1)
    for at in range(0, len(items), wave):
        some = items[at : at + wave]
        frame = spark.range(0, len(some), 1, len(some)).mapInArrow(
            _Task(work, list(some)), "number long, result binary"
        )
        rows = sorted((row["number"], bytes(row["result"])) for row in frame.collect())
        yield from (pickle.loads(result) for _, result in rows)


@frozen
class _Task:
    """What Spark calls: with batches of numbers of items."""

    work: Callable[[Any], Any]
    items: list[Any]

    def __call__(self, batches: Any) -> Iterator[Any]:
        import pyarrow as pa

        for batch in batches:
            for number in batch.column(0).to_pylist():
                result = pickle.dumps(self.work(self.items[number]))
                columns = [pa.array([number], pa.int64()), pa.array([result], pa.binary())]
                yield pa.RecordBatch.from_arrays(columns, ["number", "result"])


def _cores(spark: Any) -> int:
    """How many tasks run at once; a guess where a session does not say (Spark Connect)."""
    context = getattr(spark, "_sc", None)
    return int(context.defaultParallelism) if context is not None else 16
