"""One pass over a recording, and what a report says of it.

Rules.  The counts are those of `stats`, the verdict is that of `validate`.  Coverage is of the first `SAMPLED` frames,
since each is looked at by itself; how many these were is said.  Memory is bounded, whatever the capture is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sigflow.coverage import Coverage
from sigflow.events import Event, Loss, Note, Record
from sigflow.frozen import frozen
from sigflow.recording.diagnosis.budget import Budget
from sigflow.recording.grouping import Grouping, Records
from sigflow.recording.stats import Stats, stats
from sigflow.recording.symptoms import symptoms
from sigflow.view.timeline import Timeline

if TYPE_CHECKING:
    from sigflow.columns.frames import FrameBatch
    from sigflow.coverage.points import Point
    from sigflow.recording import Recording, Report
    from sigflow.stream.format import Format

#: Frames of which it is counted what they reach of their specs.
SAMPLED = 2_000


@frozen
class Reached:
    """What frames reach of a spec.  frames: how many were looked at.  missing: the points that none has reached."""

    format: str
    frames: int
    points: int
    reached: int
    missing: tuple[Point, ...]


@frozen
class Overview:
    """What a report says of a capture.

    intervals: by format, how many frames came 2^k to 2^(k+1) - 1 nanoseconds behind the one before, by k, in their own
    time; -1: not later than it.  reached: of each spec.  hints: what the damage points to.  specs: name and hash of
    each.
    """

    stats: Stats
    timeline: Timeline
    intervals: dict[str, dict[int, int]]
    reached: tuple[Reached, ...]
    hints: tuple[str, ...]
    specs: tuple[tuple[str, str], ...]

    @property
    def report(self) -> Report:
        """The verdict."""
        return self.stats.report


class _Watch:
    """State: what is counted on the way, and the last time of each format."""

    def __init__(self, formats: Sequence[Format]) -> None:
        self.timeline = Timeline()
        self.intervals: dict[str, dict[int, int]] = {}
        self._formats = formats
        self._groupings = [Grouping(format) for format in formats]
        self._last: dict[int, int] = {}

    def __call__(self, frames: FrameBatch | None, events: Sequence[Event]) -> None:
        if frames is not None:
            self.timeline.add(frames.offsets, frames.offsets + (frames.stops - frames.starts))
            for number, grouping in enumerate(self._groupings):
                mine = frames.only(number) if grouping.has_times else None
                if mine is not None and len(mine):
                    self._times(number, mine)
        for event in events:
            if isinstance(event, Loss):
                self.timeline.lose(event.offset, event.count)
            elif isinstance(event, Note) and event.counter is not None:
                self.timeline.lose(event.offset, -1)  # it was counted lost, and came

    def _times(self, number: int, frames: FrameBatch) -> None:
        import numpy as np

        times = self._groupings[number].times(Records(self._formats[number], frames))
        values, known = times
        values = values[known]
        if not len(values):
            return
        last = self._last.get(number)
        gaps = np.diff(values if last is None else np.concatenate([[last], values]))
        self._last[number] = int(values[-1])
        counts = self.intervals.setdefault(self._formats[number].name, {})
        powers = np.where(gaps > 0, np.frexp(gaps.astype(float))[1] - 1, -1)
        for power, count in zip(*(part.tolist() for part in np.unique(powers, return_counts=True)), strict=True):
            counts[power] = counts.get(power, 0) + count


def overview(recording: Recording) -> Overview:
    """Reads a recording, and gives what a report says of it.  Raises what `Recording.validate` raises."""
    watch = _Watch(recording.formats)
    counts = stats(recording, watch, Budget())
    return Overview(
        counts,
        watch.timeline,
        watch.intervals,
        tuple(_reached(recording)),
        tuple(str(symptom) for symptom in symptoms(recording, counts.report)) if not counts.report.sound else (),
        tuple(
            (format.name, format.envelope.about.source_hash if format.envelope is not None else "")
            for format in recording.formats
            if not format.is_part
        ),
    )


def _reached(recording: Recording) -> list[Reached]:
    formats = [format for format in recording.formats if not format.is_part]
    coverage = Coverage(formats)
    number = 0
    for event in recording.events():
        if isinstance(event, Record):
            coverage.add(event)
            number += 1
            if number == SAMPLED:
                break
    reached = []
    for place, format in enumerate(formats):
        if not coverage.frames[place]:
            continue
        points: list[tuple[Any, int]] = coverage.points(place)
        missing = tuple(point for point, count in points if not count)
        reached.append(Reached(format.name, coverage.frames[place], len(points), len(points) - len(missing), missing))
    return reached
