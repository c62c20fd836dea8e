"""Which frames a rule of sigflow.yaml is for: by formats, kinds, streams, a condition, their time, and their source."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from sigflow.columns.gather import Stretches
from sigflow.config import texts
from sigflow.recording.grouping import Grouping, Records
from sigflow.recording.selection.asked import Selection
from sigflow.recording.selection.fitting import Fitting, is_dated
from sigflow.recording.selection.terms import Many
from sigflow.recording.selection.where import conditions

if TYPE_CHECKING:
    from sigflow.calibration.rules import Look
    from sigflow.columns.frames import FrameBatch
    from sigflow.config.sections import When
    from sigflow.events import Record
    from sigflow.stream.format import Format


class RuleFrames:
    """Which frames of a format a rule is for, whatever their source."""

    def __init__(self, format: Format, when: When, times: tuple[int | None, int | None], dated: bool) -> None:
        selection = selection_of(when)
        self._fitting = None if selection.everything else Fitting(selection, [format])
        # The same in two parts, for many: the condition, which reads what the columns read, and the rest.
        keyed = replace(selection, where=None)
        self._condition = None if when.where is None else conditions(when.where, [format])[0]
        self._keyed = None if keyed.everything else Fitting(keyed, [format])
        self._since, self._until = times
        self._format = format
        self._grouping = Grouping(format)
        #: Whether no time of the format can be compared.
        self._never = self._bounded and (not self._grouping.has_times or dated != is_dated(format))

    @property
    def _bounded(self) -> bool:
        return self._since is not None or self._until is not None

    def of_record(self, record: Record) -> bool:
        """Whether a frame is."""
        if self._never:
            return False
        if self._bounded:
            time = self._format.time_of(record)
            if time is None or not self._is_within(time):
                return False
        return self._fitting is None or self._fitting.of_one(record)

    def _is_within(self, time: int) -> bool:
        return (self._since is None or time >= self._since) and (self._until is None or time < self._until)

    def of_frames(self, look: Look) -> Any:
        """Which of many frames are, all of the format, as a mask; None: all are."""
        import numpy as np

        frames = look.frames
        if self._never or not len(frames):
            return np.zeros(len(frames), bool)
        masks = []
        if self._condition is not None:
            if look.many is None:
                look.many = Many(frames, look.rows or Stretches.of(self._format, frames))
            masks.append(self._condition.mask(frames, look.many))
        if self._keyed is not None:
            alone = frames if not frames.formats.any() else _numbered(frames)
            masks.append(self._keyed.of_many(alone)[0])
        if self._bounded:
            if look.times is None:
                look.times = self._grouping.times(Records(self._format, frames, look.rows))
            times = look.times
            masks.append(times.known)
            if self._since is not None:
                masks.append(np.asarray(times.values >= self._since, bool))
            if self._until is not None:
                masks.append(np.asarray(times.values < self._until, bool))
        parts = [part for part in masks if not part.all()]
        return None if not parts else parts[0] if len(parts) == 1 else np.logical_and.reduce(parts)


def _numbered(frames: FrameBatch) -> FrameBatch:
    """The same frames, of a list of formats in which theirs is the only one."""
    import numpy as np

    return replace(frames, formats=np.zeros(len(frames), frames.formats.dtype))


def selection_of(when: When) -> Selection:
    """What a rule asks for, as of a selection, but for formats and sources."""
    return Selection(where=when.where, kinds=texts(when.kind), streams=texts(when.stream))


def sources_of(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether a source is meant, by its whole name or the last part of it; of no patterns each is."""
    if not patterns:
        return lambda source: True
    return lambda source: any(
        fnmatchcase(name, pattern) for name in (source, os.path.basename(source)) for pattern in patterns
    )
