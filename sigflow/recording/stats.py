"""What is in a recording, counted: frames, bytes, sizes, rates and losses, by format, by kind and by stream.

Rules.  A frame counts for its format, for its kind where the format tells kinds apart, and for its stream where it has
a sequence.  A frame that is lost is of a stream, but nobody knows its kind.  Rates come from the frames' own time: n
frames take n - 1 intervals; without a time there are only frames per MiB of the capture.

Memory is bounded: sizes are counted by powers of two, and of kinds and streams the first `MOST` are told apart; those
seen later are counted together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sigflow.columns.render import render
from sigflow.events import Loss, Note, Record
from sigflow.recording.recording import Verdict
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    from sigflow.events import Event
    from sigflow.recording.recording import Recording
    from sigflow.recording.report import Report
    from sigflow.stream.format import Format

SCHEMA_VERSION = 1
#: Kinds and streams of one format that are told apart.
MOST = 10_000
#: What a note about a sequence counts for.
_NOTED = {"sequence-duplicate": "duplicate", "sequence-reordered": "reordered"}


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

    def add(self, size: int, time: int | None) -> None:
        """Count one frame."""
        self.smallest = min(self.smallest, size) if self.frames else size
        self.largest = max(self.largest, size)
        self.frames += 1
        self.bytes += size
        power = size.bit_length() - 1
        self.sizes[power] = self.sizes.get(power, 0) + 1
        if time is not None:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)

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
            tree |= {"lost": self.lost, "duplicate": self.duplicate, "reordered": self.reordered}
        return tree


class Groups:
    """Tallies by a key, at most `MOST` of them; `others` has the rest."""

    def __init__(self) -> None:
        self.known: dict[Any, Tally] = {}
        self.others: Tally | None = None

    def of(self, key: Any) -> Tally:
        """The tally of a key."""
        found = self.known.get(key)
        if found is None and len(self.known) < MOST:
            found = self.known[key] = Tally()
        if found is None:
            found = self.others = self.others or Tally()
        return found

    def listed(self) -> list[tuple[Any, Tally]]:
        """Each key as a plain tree, with its tally: those with most frames first."""
        by_frames = sorted(self.known.items(), key=lambda each: -each[1].frames)
        return [(render(key).tree, tally) for key, tally in by_frames]


class FormatStats:
    """The counts of one format.  kinds, streams: None where the format does not tell them apart."""

    def __init__(self, format: Format) -> None:
        envelope = format.envelope
        self.format = format
        self.all = Tally()
        self.kinds = Groups() if envelope is not None and envelope.kind is not None else None
        self.streams = Groups() if envelope is not None and envelope.sequence is not None else None

    def add(self, record: Record, notes: Iterable[str]) -> None:
        """Count a record; notes: what its sequence counter showed."""
        size, time = len(record.raw), record.time
        tallies = [self.all]
        envelope = self.format.envelope
        if self.kinds is not None and envelope is not None and envelope.kind is not None:
            tallies.append(self.kinds.of(_key(envelope.kind, record.value)))
        if self.streams is not None:
            tallies.append(self.streams.of(_key(self.format.stream_of, record)))
            for tally in (tallies[0], tallies[-1]):
                for name in notes:
                    setattr(tally, name, getattr(tally, name) + 1)
                    if name == "reordered":
                        tally.lost -= 1  # it came after all
        for tally in tallies:
            tally.add(size, time)

    def lose(self, loss: Loss) -> None:
        """Count frames that never came."""
        self.all.lost += loss.count
        if self.streams is not None:
            self.streams.of(loss.stream).lost += loss.count


def _key(ask: Callable[[Any], object], of: Any) -> Any:
    """What a kind or a stream is counted by; None where the frame does not say it."""
    try:
        found = ask(of)
        hash(found)
    except WIRE_ERRORS:
        return None
    return found


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
            "gap_bytes": report.gap_bytes,
            "gaps": self.gaps,
            "formats": [_format_tree(one, report.bytes) for one in self.formats if one.all.frames],
        }


def _format_tree(one: FormatStats, size: int) -> dict[str, Any]:
    sequence = one.streams is not None
    tree = {"format": one.format.name, **one.all.tree(size, sequence=sequence)}
    for name, groups in (("kinds", one.kinds), ("streams", one.streams)):
        if groups is None:
            continue
        lost = groups is one.streams
        tree[name] = [{name[:-1]: key, **tally.tree(size, sequence=lost)} for key, tally in groups.listed()]
        if groups.others is not None:
            tree[f"other_{name}"] = groups.others.tree(size, sequence=lost)
    return tree


def stats(recording: Recording) -> Stats:
    """Read a recording and count what is in it."""
    run = recording.run(keep=True)
    verdict = Verdict(run)
    formats = {format.name: FormatStats(format) for format in run.formats}
    gaps = 0
    noted: list[str] = []
    for event in _events(run, verdict):
        if isinstance(event, Record):
            formats[event.format].add(event, noted)
            noted = []
        elif isinstance(event, Loss):
            formats[event.format].lose(event)
        elif isinstance(event, Note):
            noted += [_NOTED[event.code]] if event.code in _NOTED else []
        else:
            gaps += 1
    return Stats(verdict.report(recording.name), gaps, tuple(formats.values()))


def _events(run: Iterable[Event], verdict: Verdict) -> Iterable[Event]:
    for event in run:
        verdict.add(event)
        yield event
