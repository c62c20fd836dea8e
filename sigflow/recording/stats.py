"""What is in a recording, counted: frames, bytes, sizes, rates and losses, by format, by kind and by stream.

Rules.  A frame counts for its format, for its kind where the format tells kinds apart, and for its stream where it has
a sequence.  A frame that is lost is of a stream, but nobody knows its kind.  Rates come from the frames' own time: n
frames take n - 1 intervals; without a time there are only frames per MiB of the capture.

Memory is bounded: sizes are counted by powers of two, and of kinds and streams the first `MOST` are told apart; those
seen later are counted together.

Strategy.  Frames are counted as arrays, those of one kind or stream side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sigflow.columns.render import render
from sigflow.events import Loss, Note
from sigflow.recording.grouping import Grouping, Records

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.columns.moments import Times
    from sigflow.events import Event
    from sigflow.recording.diagnosis.budget import Budget
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

    def add(self, other: Tally) -> None:
        """Count the frames of another tally as well."""
        if not other.frames:
            return
        self.smallest = min(self.smallest, other.smallest) if self.frames else other.smallest
        self.largest = max(self.largest, other.largest)
        self.frames += other.frames
        self.bytes += other.bytes
        for power, count in other.sizes.items():
            self.sizes[power] = self.sizes.get(power, 0) + count
        if other.first is not None and other.last is not None:
            self.first = other.first if self.first is None else min(self.first, other.first)
            self.last = other.last if self.last is None else max(self.last, other.last)

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

    def add(self, keys: Sequence[Any], tallies: Sequence[Tally]) -> None:
        """Count the frames of these tallies for their keys."""
        for key, tally in zip(keys, tallies, strict=True):
            self.of(key).add(tally)

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
        self.format = format
        self.all = Tally()
        self._grouping = Grouping(format)
        self.kinds = Groups() if self._grouping.has_kinds else None
        self.streams = Groups() if self._grouping.has_streams else None

    def add(self, frames: FrameBatch) -> None:
        """Count frames of this format."""
        import numpy

        records, grouping = Records(self.format, frames), self._grouping
        sizes = frames.stops - frames.starts
        times = grouping.times(records) if grouping.has_times else None
        (all_,) = _tallies(numpy.zeros(len(frames), numpy.int64), 1, sizes, times)
        self.all.add(all_)
        for groups, ask in ((self.kinds, grouping.kinds), (self.streams, grouping.streams)):
            if groups is not None:
                keys, places = ask(records)
                groups.add(keys, _tallies(places, len(keys), sizes, times) if len(keys) > 1 else [all_])

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


def _tallies(places: Array, count: int, sizes: Array, times: Times | None) -> list[Tally]:
    """So many tallies of frames.  places: the number of the tally that each frame counts for; each has some."""
    import numpy

    from sigflow.columns.names import distinct

    if count == 1:
        order: Any = slice(None)
        begins = numpy.zeros(1, numpy.int64)
        frames = [len(sizes)]
    else:
        # (A stable sort of small numbers counts them, and does not compare.)
        order = numpy.argsort(places.astype(numpy.uint16) if count <= 1 << 16 else places, kind="stable")
        by_place = numpy.bincount(places, minlength=count)
        begins, frames = numpy.cumsum(by_place) - by_place, by_place.tolist()
    ordered = sizes[order]
    totals, least, most = (
        ufunc.reduceat(ordered, begins).tolist() for ufunc in (numpy.add, numpy.minimum, numpy.maximum)
    )
    tallies = [Tally(*row) for row in zip(frames, totals, least, most, strict=True)]
    powers, which = distinct(places * 64 + numpy.frexp(sizes.astype(float))[1] - 1)
    for number, size in zip(powers.tolist(), numpy.bincount(which).tolist(), strict=True):
        tallies[number // 64].sizes[number % 64] = size
    if times is not None and len(sizes):
        values, known = times
        # Where a time is not known, one stands in that is neither the first nor the last.
        early = numpy.minimum.reduceat(numpy.where(known, values, values.max())[order], begins)
        late = numpy.maximum.reduceat(numpy.where(known, values, values.min())[order], begins)
        told = numpy.logical_or.reduceat(known[order], begins)
        for tally, first, last, is_told in zip(tallies, early.tolist(), late.tolist(), told.tolist(), strict=True):
            if is_told:
                tally.first, tally.last = first, last
    return tallies


@dataclass(frozen=True, slots=True)
class Stats:
    """The counts of a recording; `report` is the verdict on it.  selected: whether only some frames are counted."""

    report: Report
    gaps: int
    formats: tuple[FormatStats, ...]
    selected: bool = False

    def tree(self) -> dict[str, Any]:
        """The JSON form."""
        report = self.report
        frames, size = (sum(getattr(stats.all, name) for stats in self.formats) for name in ("frames", "bytes"))
        selected = {"selected": {"frames": frames, "bytes": size}} if self.selected else {}
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
            **selected,
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


#: Is given frames, at last none, and what sequence counters showed meanwhile.
Watching = Callable[["FrameBatch | None", Sequence["Event"]], object]


def stats(recording: Recording, watch: Watching = lambda frames, events: None, budget: Budget | None = None) -> Stats:
    """Read a recording and count what is in it.  watch: sees all that is counted.  budget: of the search for causes of
    failed checksums; None: they are not searched.
    """
    run = recording.run(keep=True)
    verdict = run.verdict(budget=budget)
    formats = [FormatStats(format) for format in run.formats]
    by_name = {counts.format.name: counts for counts in formats}
    picker = recording.picker(run.formats)
    for frames in verdict.frames():
        frames = picker.of(frames)
        for number, counts in enumerate(formats):
            mine = frames.only(number)
            if len(mine):
                counts.add(mine)
        events = verdict.counted()
        _count(events, by_name)
        watch(frames, events)
    events = verdict.counted()
    _count(events, by_name)
    watch(None, events)
    report = verdict.report(recording.name)
    return Stats(report, report.gaps_total, tuple(formats), not picker.everything)


def _count(events: Sequence[Event], formats: Mapping[str, FormatStats]) -> None:
    """Count what the sequence counters showed."""
    for event in events:
        if isinstance(event, Loss):
            formats[event.format].lose(event)
        elif isinstance(event, Note) and event.code in _NOTED:
            formats[event.format].note(event)
