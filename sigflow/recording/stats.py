"""What is in a recording, counted: frames, bytes, sizes, rates and losses, by format, by kind and by stream.

Rules.  A frame counts for its format, for its kind where the format tells kinds apart, and for its stream where it has
a sequence.  A frame that is lost is of a stream, but nobody knows its kind.  Rates come from the frames' own time: n
frames take n - 1 intervals; without a time there are only frames per MiB of the capture.

Memory is bounded: sizes are counted by powers of two, and of kinds and streams the first `MOST` are told apart; those
seen later are counted together.

Strategy.  Frames are counted as arrays.  Where a kind or a stream hangs on fields at fixed places, it is asked for once
per distinct combination of these; otherwise, and where frames have a time, each frame is parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sigflow.columns.render import render
from sigflow.errors import UsageError
from sigflow.events import Loss, Note, Record
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.gather import Scalar, Stretches
    from sigflow.events import Event
    from sigflow.recording.recording import Recording
    from sigflow.recording.report import Report
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]

SCHEMA_VERSION = 1
#: Kinds and streams of one format that are told apart.
MOST = 10_000
#: What a note about a sequence counts for.
_NOTED = {
    "sequence-duplicate": "duplicate",
    "sequence-reordered": "reordered",
    "sequence-restarted": "restarts",
    "sequence-stray": "strays",
}


@dataclass(slots=True)
class Tally:
    """Counts of some frames.  sizes: how many there are of 2^k to 2^(k+1) - 1 bytes, by k.  Times are nanoseconds."""

    frames: int = 0
    bytes: int = 0
    smallest: int = 0
    largest: int = 0
    sizes: dict[int, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    lost: int = 0
    duplicate: int = 0
    reordered: int = 0
    restarts: int = 0
    strays: int = 0

    def add(self, sizes: Array, times: Sequence[int | None] = ()) -> None:
        """Count frames of these sizes and, where they are known, times."""
        import numpy

        smallest = int(sizes.min())
        self.smallest = min(self.smallest, smallest) if self.frames else smallest
        self.largest = max(self.largest, int(sizes.max()))
        self.frames += len(sizes)
        self.bytes += int(sizes.sum())
        for power, count in enumerate(numpy.bincount(numpy.frexp(sizes.astype(float))[1] - 1).tolist()):
            if count:
                self.sizes[power] = self.sizes.get(power, 0) + count
        known = [time for time in times if time is not None]
        if known:
            self.first = min(known) if self.first is None else min(self.first, *known)
            self.last = max(known) if self.last is None else max(self.last, *known)

    def note(self, note: Note) -> None:
        """Count what a sequence counter showed."""
        name = _NOTED[note.code]
        setattr(self, name, getattr(self, name) + 1)
        if note.counter is not None:
            self.lost -= 1  # it was counted lost, and came

    @property
    def seconds(self) -> float | None:
        """From the first frame to the last, by their own time; None where they have none."""
        return None if self.first is None or self.last is None else (self.last - self.first) / 1e9

    @property
    def frames_per_second(self) -> float | None:
        """The rate; None without a time, or where no time went by."""
        return (self.frames - 1) / self.seconds if self.seconds else None

    def tree(self, capture_bytes: int, *, sequence: bool) -> dict[str, Any]:
        """The JSON form.  sequence: with what is lost."""
        rate, mean = self.frames_per_second, self.bytes / self.frames if self.frames else 0.0
        tree: dict[str, Any] = {
            "frames": self.frames,
            "bytes": self.bytes,
            "frames_per_mib": round(self.frames / capture_bytes * (1 << 20), 3) if capture_bytes else 0.0,
            "seconds": self.seconds,
            "frames_per_second": None if rate is None else round(rate, 3),
            "bytes_per_second": None if rate is None else round(rate * mean, 3),
            "sizes": {
                "min": self.smallest,
                "max": self.largest,
                "mean": round(mean, 3),
                "histogram": [
                    {"from": 1 << power, "to": (2 << power) - 1, "frames": count}
                    for power, count in sorted(self.sizes.items())
                ],
            },
        }
        if sequence:
            tree |= {name: getattr(self, name) for name in ("lost", *_NOTED.values())}
        return tree


class Groups:
    """Tallies by a key, at most `MOST` of them; `others` has the rest."""

    def __init__(self) -> None:
        self.known: dict[Any, Tally] = {}
        self.others: Tally | None = None

    def of(self, key: Any) -> Tally:
        """The tally of a key."""
        tally = self.known.get(key)
        if tally is None and len(self.known) < MOST:
            tally = self.known[key] = Tally()
        if tally is None:
            tally = self.others = self.others or Tally()
        return tally

    def listed(self) -> list[tuple[Any, Tally]]:
        """Each key as a plain tree, with its tally: those with most frames first, then by the key."""
        by_frames = sorted(self.known.items(), key=lambda entry: (-entry[1].frames, *_order(entry[0])))
        return [(render(key).tree, tally) for key, tally in by_frames]


def _order(key: Any) -> tuple[bool, int, str]:
    """By what a key is sorted: numbers by their value, what is none behind them."""
    number = isinstance(key, int)
    return (not number, int(key) if number else 0, "" if number else str(key))


class FormatStats:
    """The counts of one format.  kinds, streams: None where the format does not tell them apart."""

    def __init__(self, format: Format) -> None:
        envelope = format.envelope
        self.format = format
        self.all = Tally()
        self.kinds = Groups() if envelope is not None and envelope.decode.kind is not None else None
        self.streams = Groups() if envelope is not None and envelope.decode.sequence is not None else None
        self._scalars = _scalars(format)

    def add(self, frames: FrameBatch) -> None:
        """Count frames of this format."""
        records = _Records(self.format, frames)
        envelope = self.format.envelope
        sizes = frames.stops - frames.starts
        times = [record.time for record in records] if envelope is not None and envelope.decode.time is not None else []
        self.all.add(sizes, times)
        if self.kinds is not None and envelope is not None and envelope.decode.kind is not None:
            kind = envelope.decode.kind
            keys, places = self._keys(records, lambda record: kind(record.value), kind, envelope.decode.kind_needs)
            _spread(self.kinds, keys, places, sizes, times)
        if self.streams is not None and envelope is not None and envelope.decode.sequence is not None:
            sequence = envelope.decode.sequence
            keys, places = self._keys(records, self.format.stream_of, sequence.stream, sequence.needs)
            _spread(self.streams, keys, places, sizes, times)

    def _keys(
        self,
        records: _Records,
        of_record: Callable[[Record], object],
        of_unit: Callable[[Any], object] | None,
        needs: tuple[str, ...] | None,
    ) -> tuple[list[Any], Array]:
        """What frames are told apart by: the distinct keys, and for each frame which it has."""
        import numpy

        from sigflow.columns.conditions import combinations

        if of_unit is None:
            return [None], numpy.zeros(len(records.frames), numpy.int64)
        if needs is not None and all(path in self._scalars for path in needs):
            units, places = combinations(needs, self._scalars, records.rows)
            return [_key(of_unit, unit) for unit in units], places
        numbers: dict[Any, int] = {}
        by_record = [numbers.setdefault(_key(of_record, record), len(numbers)) for record in records]
        return list(numbers), numpy.array(by_record, numpy.int64)

    def lose(self, loss: Loss) -> None:
        """Count frames that never came."""
        self.all.lost += loss.count
        if self.streams is not None:
            self.streams.of(loss.stream).lost += loss.count

    def note(self, note: Note) -> None:
        """Count what a counter showed beside losses."""
        self.all.note(note)
        if self.streams is not None:
            self.streams.of(note.stream).note(note)


class _Records:
    """The records of frames, made when they are first asked for."""

    def __init__(self, format: Format, frames: FrameBatch) -> None:
        self.frames = frames
        self._format = format
        self._made: list[Record] = []

    def __iter__(self) -> Iterator[Record]:
        if not self._made:
            frames = self.frames
            spans = zip(frames.starts.tolist(), frames.stops.tolist(), frames.offsets.tolist(), strict=True)
            self._made = [
                Record(self._format, offset, frames.data[start:stop].tobytes(), 0) for start, stop, offset in spans
            ]
        return iter(self._made)

    @property
    def rows(self) -> Stretches:
        """The same as stretches of bytes."""
        from sigflow.columns.gather import Stretches

        return Stretches.of(self._format, self.frames)


def _scalars(format: Format) -> dict[str, Scalar]:
    """The numbers at fixed places of a format's frames."""
    from sigflow.columns.frame import FrameType

    try:
        return FrameType(format).scalars
    except UsageError:
        return {}  # its module does not describe its fields


def _spread(groups: Groups, keys: Sequence[Any], places: Array, sizes: Array, times: Sequence[int | None]) -> None:
    """Count frames for the group that each is of."""
    import numpy

    order = numpy.argsort(places, kind="stable")
    cuts = numpy.searchsorted(places[order], numpy.arange(len(keys) + 1)).tolist()
    for key, begin, end in zip(keys, cuts, cuts[1:], strict=False):
        mine = order[begin:end]
        if len(mine):
            groups.of(key).add(sizes[mine], [times[n] for n in mine.tolist()] if times else ())


def _key(ask: Callable[[Any], object], of: Any) -> Any:
    """What a kind or a stream is counted by; None where the frame does not say it."""
    try:
        key = ask(of)
        hash(key)
    except WIRE_ERRORS:
        return None
    return key


@dataclass(frozen=True, slots=True)
class Stats:
    """The counts of a recording; `report` is the verdict on it."""

    report: Report
    gaps: int
    formats: tuple[FormatStats, ...]

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        report = self.report
        return {
            "schema_version": SCHEMA_VERSION,
            "capture": report.capture,
            "specs": list(report.specs),
            "sound": report.sound,
            "bytes": report.bytes,
            "frames": report.frames,
            "frame_bytes": report.frame_bytes,
            "idle_bytes": report.idle_bytes,
            "gap_bytes": report.gap_bytes,
            "gaps": self.gaps,
            "formats": [_format_tree(stats, report.bytes) for stats in self.formats if stats.all.frames],
        }


def _format_tree(stats: FormatStats, size: int) -> dict[str, Any]:
    sequence = stats.streams is not None
    tree = {"format": stats.format.name, **stats.all.tree(size, sequence=sequence)}
    for name, groups in (("kinds", stats.kinds), ("streams", stats.streams)):
        if groups is None:
            continue
        lost = groups is stats.streams
        tree[name] = [{name[:-1]: key, **tally.tree(size, sequence=lost)} for key, tally in groups.listed()]
        if groups.others is not None:
            tree[f"other_{name}"] = groups.others.tree(size, sequence=lost)
    return tree


def stats(recording: Recording) -> Stats:
    """Read a recording and count what is in it."""
    run = recording.run(keep=True)
    verdict = run.verdict()
    formats = [FormatStats(format) for format in run.formats]
    by_name = {counts.format.name: counts for counts in formats}
    for frames in verdict.frames():
        for number, counts in enumerate(formats):
            mine = frames.only(number)
            if len(mine):
                counts.add(mine)
        _count(verdict.counted(), by_name)
    _count(verdict.counted(), by_name)
    report = verdict.report(recording.name)
    return Stats(report, report.gaps_total, tuple(formats))


def _count(events: Sequence[Event], formats: Mapping[str, FormatStats]) -> None:
    """Count what the sequence counters showed."""
    for event in events:
        if isinstance(event, Loss):
            formats[event.format].lose(event)
        elif isinstance(event, Note) and event.code in _NOTED:
            formats[event.format].note(event)
