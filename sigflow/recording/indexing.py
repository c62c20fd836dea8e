"""From a pass over a capture to its index: while it is validated, or by itself.

A native pass gives rows, of which blocks are packed as they come, by machine code where the rows tell all that frames
are told apart by; else, and of records, fields are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sigflow.errors import UsageError
from sigflow.events import Gap, Record
from sigflow.index.blocks import MOST_FRAMES, Packed, packed, with_kinds
from sigflow.index.identity import identity_of, obstacle, reach_of
from sigflow.index.place import written
from sigflow.index.tables import Key, NewBlock, Times, plain_id, stream_text
from sigflow.index.writer import Writer
from sigflow.recording.batches import BYTES, framed
from sigflow.recording.grouping import Grouping, Records
from sigflow.recording.index_rows import RowPacker, Traits
from sigflow.recording.native import NativeRun
from sigflow.recording.native_rows import NativeRows
from sigflow.recording.run import OfEvents
from sigflow.recording.start import Start
from sigflow.stream.sink import OpenGap

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.engine.passes import Batch
    from sigflow.events import Event
    from sigflow.index.file import Index
    from sigflow.index.identity import Identity
    from sigflow.recording.recording import Recording
    from sigflow.recording.report import Report
    from sigflow.recording.run import AnyRun
    from sigflow.stream.format import Format
    from sigflow.stream.statistics import Statistics

    Array = numpy.ndarray[Any, Any]

#: Frames of a block that is made of records.
FRAMES = 1 << 13


def build_index(recording: Recording, path: str, *, explain_all: bool = False) -> Report:
    """Validates a recording, and writes its index on the way: whole, or not at all.  Returns the verdict.

    explain_all: as of `Recording.validate`.  Raises `UsageError` where there can be none (a pipe, a compressed file,
    cuts, whole-file formats, fallback formats), or the capture changes meanwhile, `OSError` where the file cannot be
    written.
    """
    why = obstacle(recording.storage, recording.formats)
    if not why and recording.fallback:
        why = "frames of fallback formats are no frames of its scan"
    if why:
        raise UsageError(f"{recording.name}: there can be no index: {why}")
    run = recording.run(keep=True)
    before = identity_of(recording.storage, run.formats, recording.limits)
    with written(path) as file, Writer(file) as writer:
        report = _indexed(run, Builder(writer, run.formats), recording, explain_all)
        _unchanged(recording, run.formats, before, report.bytes)
        counts = {
            "frames": report.frames,
            "frame_bytes": report.frame_bytes,
            "gap_bytes": report.gap_bytes,
            "idle_bytes": report.idle_bytes,
            "by_format": report.by_format,
            "sequence": report.sequence,
        }
        writer.finish(before, counts)
    return report


def extend_index(recording: Recording, index: Index, path: str) -> None:
    """Writes the index of a capture that has grown since `index` was made of it: what more bytes cannot change is taken
    over, and scanned is the rest.  Of sequence counters nothing is counted.

    Raises what `build_index` raises.
    """
    run = recording.run()
    before = identity_of(recording.storage, run.formats, recording.limits)
    safe = index.identity.size - reach_of(run.formats)
    kept = int(index.bounds.stop.searchsorted(safe, "right"))
    start = Start(int(index.bounds.start[kept]), int(index.bounds.first[kept])) if kept < len(index) else None
    if start is None and kept:
        start = Start(int(index.bounds.stop[kept - 1]), index.frames)
    if start is None or not start.offset:
        build_index(recording, path)
        return
    counts, gap_bytes = index.ledger(kept)
    with written(path) as file, Writer(file) as writer:
        writer.go_on(index, kept)
        builder = Builder(writer, run.formats, start.offset)
        rest = recording.run_from(start)
        _indexed(rest, builder, recording, False)
        told = rest.statistics
        _unchanged(recording, run.formats, before, start.offset + told.bytes)
        by_format = {
            name: {"frames": counts[name][0] + more["frames"], "bytes": counts[name][1] + more["bytes"]}
            for name, more in told.by_format.items()
        }
        frame_bytes = sum(size for _, size in counts.values())
        writer.finish(
            before,
            {
                "frames": start.first + told.frames,
                "frame_bytes": frame_bytes + told.frame_bytes,
                "gap_bytes": gap_bytes + told.gap_bytes,
                "idle_bytes": start.offset - frame_bytes - gap_bytes + told.idle_bytes,
                "by_format": by_format,
                "sequence": None,
            },
        )


class PartBlocks(NamedTuple):
    """The blocks and gaps of a part of a capture, as `Writer` takes them, and what was counted in it."""

    blocks: list[NewBlock]
    gaps: list[tuple[int, int, Sequence[str]]]
    statistics: Statistics


class _Keeping:
    """Keeps what is written.  State: that."""

    def __init__(self) -> None:
        self.blocks: list[NewBlock] = []
        self.gaps: list[tuple[int, int, Sequence[str]]] = []

    def block(self, block: NewBlock) -> None:
        """As of `Writer`."""
        self.blocks.append(block)

    def gap(self, start: int, stop: int, reasons: Sequence[str]) -> None:
        """As of `Writer`."""
        self.gaps.append((start, stop, tuple(reasons)))


def blocks_of_part(recording: Recording, start: Start) -> PartBlocks:
    """Returns the blocks of a part, which begins and ends behind believed frames, or at the ends of the capture."""
    run, kept = recording.run_from(start), _Keeping()
    _indexed(run, Builder(kept, run.formats, start.offset), recording, False)
    return PartBlocks(kept.blocks, kept.gaps, run.statistics)


def join_parts(path: str, identity: Identity, parts: Iterable[PartBlocks]) -> int:
    """Writes the index of a capture of the blocks of all its parts, in order, and returns how many frames there are.
    Of sequence counters nothing is counted.

    Raises `UsageError` where they are not all of it, `OSError` where the file cannot be written.
    """
    names = ("frames", "frame_bytes", "gap_bytes", "idle_bytes")
    counts: dict[str, Any] = dict.fromkeys(names, 0)
    by_format: dict[str, dict[str, int]] = {}
    with written(path) as file, Writer(file) as writer:
        for part in parts:
            for block in part.blocks:
                writer.block(block)
            for gap in part.gaps:
                writer.gap(*gap)
            for name in names:
                counts[name] += getattr(part.statistics, name)
            for name, more in part.statistics.by_format.items():
                own = by_format.setdefault(name, dict.fromkeys(more, 0))
                by_format[name] = {key: own[key] + more[key] for key in more}
        size = sum(counts[name] for name in names[1:])
        if size != identity.size:
            raise UsageError(f"{path}: the parts have {size} bytes, and the capture {identity.size}")
        writer.finish(identity, {**counts, "by_format": by_format, "sequence": None})
    return int(counts["frames"])


class Blocks(Protocol):
    """What a builder gives its blocks and gaps to."""

    def block(self, block: NewBlock) -> None:
        """The next block."""
        ...

    def gap(self, start: int, stop: int, reasons: Sequence[str]) -> None:
        """The next gap."""
        ...


def _unchanged(recording: Recording, formats: Sequence[Format], before: Identity, size: int) -> None:
    """`UsageError` where the capture is not what it was before; size: bytes that were read."""
    again = getattr(recording.storage, "again", None)
    now = before
    if again is not None:
        with again() as source:
            now = identity_of(source, formats, recording.limits)
    if now != before or size != before.size:
        raise UsageError(f"{recording.name}: the capture was changed while its index was made")


def _indexed(run: AnyRun, builder: Builder, recording: Recording, explain_all: bool) -> Report:
    """The verdict on a run, of which the builder gets all."""
    if isinstance(run, NativeRun):
        run.watchers.append(lambda batch, index: builder.rows(run, batch, index))
        report = recording.judged(run, explain_all=explain_all)
    else:
        report = recording.judged(_Passing(run, builder), explain_all=explain_all)
    builder.end()
    return report


class _Passing(OfEvents):
    """A run of events that a builder sees pass by, as `run.AnyRun`."""

    def __init__(self, run: AnyRun, builder: Builder) -> None:
        self._run = run
        self._builder = builder
        self.engine = run.engine
        self.formats = run.formats
        self.known = run.known

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        return self._run.statistics

    def events(self) -> Iterator[Event]:
        """The events of the run; a block is made when there are enough frames for one."""
        records: list[Record] = []
        size = 0
        for event in self._run.events():
            if isinstance(event, Gap):
                self._builder.gap(event)
            elif isinstance(event, Record):
                records.append(event)
                size += len(event.raw)
                if len(records) == FRAMES or size >= BYTES:
                    self._take(records)
                    records.clear()
                    size = 0
            yield event
        self._take(records)

    def _take(self, records: Sequence[Record]) -> None:
        for frames in framed(records, self.formats, FRAMES):
            self._builder.frames(frames)


class Builder:
    """Makes blocks.  State: where the last frame ended, and the gap that is open."""

    def __init__(self, writer: Blocks, formats: Sequence[Format], begin: int = 0) -> None:
        """begin: where the first block does."""
        self._writer = writer
        self._groupings = [Grouping(format) for format in formats]
        self._before = begin
        self._packer: RowPacker | None = None
        self._open = OpenGap([format.name for format in formats])

    # ---------------------------------------------------------------- of rows

    def rows(self, run: NativeRows, batch: Batch, index: int) -> None:
        """Take what a native scan found; index: of its first frame."""
        self._pieces(run, batch)
        if not len(batch.frames):
            return
        if self._packer is None:
            self._packer = RowPacker(run, self._groupings)
        done = 0
        for part in self._packer.pack(batch, self._before) if self._packer.tells else ():
            done, traits = part.end, part.traits
            stop = int(batch.frames[done - 1, 1]) + batch.base
            if traits is None:
                mine = slice(part.begin, done)
                rows = batch._replace(frames=batch.frames[mine], marks=batch.marks[mine])
                (frames,) = run.framed(rows, index + part.begin, MOST_FRAMES, 1 << 62)
                traits = self._traits(frames)
            self._block(index + part.begin, stop, part.packed, part.keys, traits)
        if done < len(batch.frames):
            rest = batch._replace(frames=batch.frames[done:], marks=batch.marks[done:])
            for frames in run.framed(rest, index + done, MOST_FRAMES, 1 << 62):
                self.frames(frames)

    def _pieces(self, run: NativeRows, batch: Batch) -> None:
        """Take pieces of gaps."""
        reasons = batch.reasons.tolist()
        for start, stop, first, count in batch.gaps.tolist():
            if count:
                told = [run.reasons[code] for code in reasons[first : first + count]]
                self._piece(start + batch.base, stop + batch.base, told)

    def _piece(self, start: int, stop: int, reasons: list[tuple[int, str]]) -> None:
        if start != self._open.stop:
            self._close()
        self._open.add(start, stop, reasons)

    def _close(self) -> None:
        out: list[Any] = []
        self._open.close(out)
        for gap in out:
            self.gap(gap)

    # ---------------------------------------------------------------- of frames and events

    def gap(self, gap: Gap) -> None:
        """Take a gap."""
        self._writer.gap(gap.span.start, gap.span.stop, gap.reasons)

    def frames(self, frames: FrameBatch) -> None:
        """Take frames with their bytes."""
        import numpy as np

        codes = np.zeros(len(frames), np.int64)
        keys: list[Key] = []
        for number, mine, records in self._by_format(frames):
            own, of = _keys_of(number, self._groupings[number], records)
            codes[mine] = of + len(keys)
            keys += own
        sizes = frames.stops - frames.starts
        none = np.zeros(len(frames), np.int64)
        told = packed(frames.offsets, frames.offsets + sizes, codes, none, self._before)
        stop = int(frames.offsets[-1] + sizes[-1])
        self._block(int(frames.indexes[0]), stop, told, keys, self._traits(frames))

    def _by_format(self, frames: FrameBatch) -> Iterator[tuple[int, Any, Records]]:
        """The frames of each format: its number, where they are, and they themselves."""
        import numpy as np

        if len(self._groupings) == 1:
            yield 0, slice(None), Records(self._groupings[0].format, frames)
            return
        for number in np.flatnonzero(np.bincount(frames.formats)).tolist():
            mine = frames.formats == number
            yield number, mine, Records(self._groupings[number].format, frames.at(mine))

    def _traits(self, frames: FrameBatch) -> Traits:
        """What frames say of themselves."""
        import numpy as np

        numbers: dict[str, int] = {}
        kinds = np.zeros(len(frames), np.int64)
        times: list[tuple[Array, Array]] = []
        for number, mine, records in self._by_format(frames):
            grouping = self._groupings[number]
            own, of = grouping.kinds(records)
            texts = [json.dumps(plain_id(kind)) if grouping.has_kinds else "" for kind in own]
            placed = [numbers.setdefault(text, len(numbers)) for text in texts]
            kinds[mine] = of if placed == list(range(len(own))) else np.array(placed, np.int64)[of]
            if grouping.has_times:
                told = grouping.times(records)
                times.append((told.values, told.known))
        return Traits(tuple(numbers), _times_of(times, len(frames)), kinds)

    def _block(self, first: int, stop: int, told: Packed, keys: Sequence[Key], traits: Traits) -> None:
        if traits.of is not None and len(traits.kinds) > 1:
            told = with_kinds(told, traits.of)
        self._writer.block(NewBlock(first, self._before, stop, told, tuple(keys), tuple(traits.kinds), traits.times))
        self._before = stop

    def end(self) -> None:
        """All has been taken."""
        self._close()


def _keys_of(number: int, grouping: Grouping, records: Records) -> tuple[list[Key], Array]:
    """The keys of frames of one format, and for each frame the number of its own."""
    import numpy as np

    count = len(records.frames)
    if not grouping.has_streams:
        return [Key(number, "")], np.zeros(count, np.int64)
    streams, of_stream = grouping.streams(records)
    # (Ids of more than 64 bits may be told as the same.)
    texts = [stream_text(stream) for stream in streams]
    numbers = {text: number for number, text in enumerate(texts)}
    of_stream = np.array([numbers[text] for text in texts], np.int64)[of_stream]
    counters, known = grouping.counters(records)
    pairs, codes = np.unique(2 * of_stream + known, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes)).tolist()
    keys = []
    for pair, begin, end in zip(pairs.tolist(), [0, *ends], ends, strict=False):
        if not pair % 2:
            keys.append(Key(number, ""))
            continue
        told = counters[order[begin:end]]
        rising = bool((told[1:] > told[:-1]).all())
        keys.append(Key(number, texts[pair // 2], True, rising, int(told.min()), int(told.max())))
    return keys, codes.astype(np.int64)


def _times_of(times: Sequence[tuple[Array, Array]], frames: int) -> Times | None:
    """The times of a block; None where none is known."""
    known = [values if mask.all() else values[mask] for values, mask in times if mask.any()]
    if not known:
        return None
    least, greatest = min(int(values.min()) for values in known), max(int(values.max()) for values in known)
    rising = len(times) == 1 and len(known[0]) == frames and bool((known[0][1:] >= known[0][:-1]).all())
    return Times(least, greatest, rising)
