"""Which frames fit what is asked for, apart from how many are wanted; for one frame and for many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.compiler.problems import did_you_mean
from sigflow.errors import UsageError
from sigflow.recording.grouping import Grouping, Records, key_of
from sigflow.recording.selection.bounds import INDEX, OFFSET, TIME, Bound, bound_of
from sigflow.recording.selection.keys import is_spelt

if TYPE_CHECKING:
    import numpy

    from sigflow.columns.frames import FrameBatch
    from sigflow.events import Record
    from sigflow.recording.grouping import Keys
    from sigflow.recording.selection.asked import Selection
    from sigflow.recording.selection.where import Condition
    from sigflow.stream.format import Format

    Array = numpy.ndarray[Any, Any]


class Fitting:
    """Which frames fit, apart from how many."""

    def __init__(self, wanted: Selection, formats: Sequence[Format]) -> None:
        self._formats = formats
        self._numbers = {format.name: number for number, format in enumerate(formats)}
        self._around = [format.is_part for format in formats]
        framed = [format for format in formats if not format.is_part]
        meant = _named(wanted.formats, framed)
        self._since, self._until = _bound(wanted.since, "--since"), _bound(wanted.until, "--until")
        groupings = {format.name: Grouping(format) for format in meant}
        self._kinds, self._streams = wanted.kinds, wanted.streams
        self._groupings = self._able(groupings)
        self._conditions: dict[str, Condition] = {}
        self._asked = wanted.where is not None
        if wanted.where is not None and meant:
            from sigflow.recording.selection.where import conditions

            bound = conditions(wanted.where, meant)
            self._conditions = {
                format.name: condition for format, condition in zip(meant, bound, strict=True) if condition is not None
            }

    def _able(self, groupings: dict[str, Grouping]) -> dict[str, Grouping]:
        """The formats that tell what is asked for; `UsageError` where none does."""
        wanted: list[tuple[str, str, Callable[[Grouping], bool]]] = []
        if self._kinds:
            wanted.append(("--kind", "tells kinds apart", lambda grouping: grouping.has_kinds))
        if self._streams:
            wanted.append(("--stream", "has streams", lambda grouping: grouping.has_streams))
        for option, bound in (("--since", self._since), ("--until", self._until)):
            if bound is not None and bound.kind == TIME:
                wanted.append((option, "has a time", lambda grouping: grouping.has_times))
        for option, text, able in wanted:
            if groupings and not any(able(grouping) for grouping in groupings.values()):
                raise UsageError(f"{option}: no format {text} ({', '.join(groupings)})")
        return {name: grouping for name, grouping in groupings.items() if all(able(grouping) for _, _, able in wanted)}

    def beyond(self, offset: int, index: int) -> bool:
        """Whether no frame that begins there, or later, fits."""
        until = self._until
        if until is None or until.kind == TIME:
            return False
        return (offset if until.kind == OFFSET else index) >= until.value

    def stop(self, frames: FrameBatch) -> int | None:
        """From which of these frames on none fits; None where some may."""
        until = self._until
        if until is None or until.kind == TIME or not len(frames):
            return None
        places = frames.offsets if until.kind == OFFSET else frames.indexes
        row = int(places.searchsorted(until.value))
        return row if row < len(frames) else None

    def stands_around(self, name: str) -> bool:
        """Whether this is the format of a preamble or a trailer."""
        return self._around[self._numbers[name]]

    def of_one(self, record: Record) -> bool:
        """Whether a frame fits."""
        grouping = self._groupings.get(record.format)
        if grouping is None or (self._asked and record.format not in self._conditions):
            return False
        for bound, lower in ((self._since, True), (self._until, False)):
            if bound is None:
                continue
            value = {OFFSET: record.start, INDEX: record.index}.get(bound.kind)
            if bound.kind == TIME:
                value = record.time if not bound.dated or is_dated(grouping.format) else None
            if value is None or (value < bound.value) is lower:
                return False
        asked = ((self._kinds, grouping.kind_of), (self._streams, grouping.format.stream_of))
        for texts, ask in asked:
            if texts and not _is_any(key_of(ask, record), texts):
                return False
        return not self._asked or self._conditions[record.format].matches(record)

    def of_many(self, frames: FrameBatch) -> tuple[Array, Array]:
        """Which of these frames fit, and which stand around the others."""
        import numpy as np

        keep: Array = np.zeros(len(frames), bool)
        around: Array = np.zeros(len(frames), bool)
        for number, format in enumerate(self._formats):
            mine = frames.formats == number
            if self._around[number]:
                keep |= mine
                around |= mine
            elif format.name in self._groupings and mine.any():
                some = frames if mine.all() else frames.at(mine)
                keep[mine] = self._of_format(self._groupings[format.name], some)
        return keep, around

    def _of_format(self, grouping: Grouping, frames: FrameBatch) -> Array:
        """Which of these frames fit, all of one format; each step is asked of those that are left."""
        import numpy as np

        keep: Array = np.ones(len(frames), bool)
        name = grouping.format.name
        if self._asked and name not in self._conditions:
            return ~keep
        steps: list[Callable[[FrameBatch], Array]] = []
        if self._since is not None or self._until is not None:
            steps.append(lambda some: self._within(grouping, some))
        for texts, ask in ((self._kinds, grouping.kinds), (self._streams, grouping.streams)):
            if texts:
                steps.append(lambda some, texts=texts, ask=ask: _keyed(ask(Records(grouping.format, some)), texts))  # type: ignore[misc]
        if self._asked:
            steps.append(self._conditions[name].mask)
        for step in steps:
            left = np.flatnonzero(keep)
            if not len(left):
                break
            keep[left] = step(frames if len(left) == len(frames) else frames.at(left))
        return keep

    def _within(self, grouping: Grouping, frames: FrameBatch) -> Array:
        import numpy as np

        keep: Array = np.ones(len(frames), bool)
        for bound, lower in ((self._since, True), (self._until, False)):
            if bound is None:
                continue
            if bound.kind == TIME:
                times = grouping.times(Records(grouping.format, frames))
                values = times.values
                known = times.known if not bound.dated or is_dated(grouping.format) else np.zeros(len(frames), bool)
                keep &= known
            else:
                values = frames.offsets if bound.kind == OFFSET else frames.indexes
            keep &= np.asarray(values >= bound.value if lower else values < bound.value).astype(bool)
        return keep


def _bound(text: str | None, option: str) -> Bound | None:
    return None if text is None else bound_of(text, option)


def is_dated(format: Format) -> bool:
    """Whether the times of a format are dates."""
    time = format.envelope.decode.time if format.envelope is not None else None
    return time is not None and time.epoch is not None


def _named(names: Sequence[str], formats: Sequence[Format]) -> list[Format]:
    """The formats that are meant."""
    known = [format.name for format in formats]
    for name in names:
        if formats and name not in known:
            raise UsageError(f"--format-name {name!r}: these are read: {', '.join(known)}{did_you_mean(name, known)}")
    return [format for format in formats if not names or format.name in names]


def _is_any(key: object, texts: Sequence[str]) -> bool:
    return any(is_spelt(key, text) for text in texts)


def _keyed(keys: Keys, texts: Sequence[str]) -> Array:
    import numpy as np

    values, places = keys
    meant: Array = np.array([_is_any(key, texts) for key in values], bool)
    picked: Array = meant[places]
    return picked
