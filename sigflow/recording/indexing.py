"""From a pass over a capture to its index: while it is validated, or by itself.

A native pass gives rows, of which blocks are packed as they come, by machine code where the rows tell all that frames
are told apart by; else, and of records, fields are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sigflow.engine import build
from sigflow.errors import UsageError
from sigflow.events import Gap, Record
from sigflow.index import blocks
from sigflow.index.blocks import MOST_FRAMES, Packed, packed
from sigflow.index.file import SIGN, Key, Times, Writer, plain_id, stream_text
from sigflow.index.identity import identity_of, obstacle, reach_of
from sigflow.index.place import written
from sigflow.recording.batches import BYTES, framed
from sigflow.recording.grouping import Grouping, Records
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

    blocks: list[tuple[int, int, int, Packed, Sequence[Key], Times | None]]
    gaps: list[tuple[int, int, Sequence[str]]]
    statistics: Statistics


class _Keeping:
    """Keeps what is written.  State: that."""

    def __init__(self) -> None:
        self.blocks: list[tuple[int, int, int, Packed, Sequence[Key], Times | None]] = []
        self.gaps: list[tuple[int, int, Sequence[str]]] = []

    def block(
        self, first: int, start: int, stop: int, packed: Packed, keys: Sequence[Key], times: Times | None
    ) -> None:
        """As of `Writer`."""
        self.blocks.append((first, start, stop, packed, tuple(keys), times))

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
                writer.block(*block)
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

    def block(
        self, first: int, start: int, stop: int, packed: Packed, keys: Sequence[Key], times: Times | None
    ) -> None:
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
        self._told: Array | None = None
        self._out: Array | None = None
        self._open = OpenGap([format.name for format in formats])

    # ---------------------------------------------------------------- of rows

    def rows(self, run: NativeRows, batch: Batch, index: int) -> None:
        """Take what a native scan found; index: of its first frame."""
        self._pieces(run, batch)
        if not len(batch.frames):
            return
        if self._told is None:
            self._told = self._told_by(run)
        done = self._quickly(run, batch, index) if len(self._told) else 0
        if done < len(batch.frames):
            rest = batch._replace(frames=batch.frames[done:], marks=batch.marks[done:])
            for frames in run.framed(rest, index + done, MOST_FRAMES, 1 << 62):
                self.frames(frames)

    def _told_by(self, run: NativeRows) -> Array:
        """By format, as the scan lists them, whether rows tell its counters; none where rows do not tell all."""
        import numpy as np

        told = []
        for format in run.ordered:
            grouping = next(grouping for grouping in self._groupings if grouping.format is format)
            counts = format.envelope is not None and format.envelope.measure.native_counts
            if grouping.has_kinds or grouping.has_times or (grouping.has_streams and not counts):
                return np.zeros(0, np.int64)
            told.append(int(grouping.has_streams))
        return np.array(told, np.int64)

    @cached_property
    def _pack(self) -> Callable[..., int]:
        return build.kernel(build_text(), "pack")

    @cached_property
    def _room(self) -> tuple[Array, Array, Array]:
        import numpy as np

        table = np.zeros((blocks.KEYS, blocks.KEY_COLUMNS), np.int64)
        return table, np.zeros(blocks.MOST_KEYS, np.int64), np.zeros(blocks.OUTCOMES, np.int64)

    def _quickly(self, run: NativeRows, batch: Batch, index: int) -> int:
        """Pack the rows of a batch by machine code, as many as tell enough for that."""
        import numpy as np

        frames, marks = batch.frames, batch.marks
        table, order, outcome = self._room
        out = self._out
        if out is None or len(out) < 24 * len(frames):
            out = self._out = np.empty(24 * len(frames), np.uint8)
        at = 0
        while at < len(frames):
            before = self._before - batch.base
            done = int(
                self._pack(frames[at:], marks[at:], len(frames) - at, before, self._told, out, table, order, outcome)
            )
            count = int(outcome[blocks.KEYS_FOUND])
            rows = table[order[:count]]
            table[order[:count], blocks.KEY_FORMAT] = 0
            if outcome[blocks.NOT_TOLD]:
                break
            told = Packed(
                done,
                int(outcome[blocks.LEAST_SIZE]),
                int(outcome[blocks.SIZE_WIDTH]),
                int(outcome[blocks.CODE_WIDTH]),
                int(outcome[blocks.LEADS]),
                out[: int(outcome[blocks.BYTES_PACKED])].tobytes(),
            )
            stop = int(frames[at + done - 1, 1]) + batch.base
            self._block(index + at, stop, told, [self._key(run, row) for row in rows.tolist()], None)
            at += done
        return at

    def _key(self, run: NativeRows, row: list[int]) -> Key:
        k, counts = divmod(row[blocks.KEY_FORMAT] - 1, 2)
        number = run.order[k]
        if not counts:
            return Key(number, "", "")
        envelope = run.ordered[k].envelope
        sequence = envelope.decode.sequence if envelope is not None else None
        single = sequence is None or sequence.stream is None
        stream = stream_text(None if single else row[blocks.KEY_STREAM])
        least, greatest = row[blocks.KEY_LEAST] + SIGN, row[blocks.KEY_GREATEST] + SIGN
        return Key(number, "", stream, bool(row[blocks.KEY_RISING]), True, least, greatest)

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
        times: list[tuple[Array, Array]] = []
        for number in np.unique(frames.formats).tolist():
            mine = frames.formats == number
            grouping = self._groupings[number]
            records = Records(grouping.format, frames if mine.all() else frames.at(mine))
            own, of = _keys_of(number, grouping, records)
            codes[mine] = of + len(keys)
            keys += own
            if grouping.has_times:
                told = grouping.times(records)
                times.append((told.values, told.known))
        sizes = frames.stops - frames.starts
        told_as = packed(frames.offsets, frames.offsets + sizes, codes, self._before)
        stop = int(frames.offsets[-1] + sizes[-1])
        self._block(int(frames.indexes[0]), stop, told_as, keys, _times_of(times, len(frames)))

    def _block(self, first: int, stop: int, told: Packed, keys: Sequence[Key], times: Times | None) -> None:
        self._writer.block(first, self._before, stop, told, keys, times)
        self._before = stop

    def end(self) -> None:
        """All has been taken."""
        self._close()


def build_text() -> str:
    """The kernel code of `blocks.pack`."""
    from sigflow.engine.sums import text_of

    return text_of((blocks.pack,))


def _keys_of(number: int, grouping: Grouping, records: Records) -> tuple[list[Key], Array]:
    """The keys of frames of one format, and for each frame the number of its own."""
    import numpy as np

    kinds, of_kind = grouping.kinds(records)
    streams, of_stream = grouping.streams(records)
    counters, known = grouping.counters(records) if grouping.has_streams else (None, None)
    pairs, codes = np.unique(of_kind * len(streams) + of_stream, return_inverse=True)
    keys = []
    for code, pair in enumerate(pairs.tolist()):
        kind, stream = kinds[pair // len(streams)], streams[pair % len(streams)]
        told = json.dumps(plain_id(kind)) if grouping.has_kinds else ""
        counted = counters[(codes == code) & known].tolist() if counters is not None and known is not None else []
        if not counted:
            keys.append(Key(number, told, ""))
        else:
            rising = len(counted) == int((codes == code).sum()) and all(a < b for a, b in pairwise(counted))
            keys.append(Key(number, told, stream_text(stream), rising, True, min(counted), max(counted)))
    return keys, codes.astype(np.int64)


def _times_of(times: Sequence[tuple[Array, Array]], frames: int) -> Times | None:
    """The times of a block; None where none is known."""
    import numpy as np

    known = [values[mask] for values, mask in times if mask.any()]
    if not known:
        return None
    least, greatest = min(int(values.min()) for values in known), max(int(values.max()) for values in known)
    rising = len(times) == 1 and len(known[0]) == frames and bool((np.diff(known[0]) >= 0).all())
    return Times(least, greatest, rising)
