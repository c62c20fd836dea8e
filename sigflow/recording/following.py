"""Passes over frames that are told the last values of others (`sigflow.calibration.following`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sigflow.calibration.following import Following
from sigflow.events import Record
from sigflow.recording.run import OfEvents
from sigflow.runtime.measure import WIRE_ERRORS

if TYPE_CHECKING:
    from sigflow.events import Event
    from sigflow.recording.run import AnyRun
    from sigflow.stream.format import Format
    from sigflow.stream.statistics import Statistics


def follows(formats: Sequence[Format]) -> bool:
    """Whether a computed quantity of any of these formats asks for last values."""
    return any(format.calibrations is not None and bool(format.calibrations.followed) for format in formats)


def following_of(formats: Sequence[Format]) -> Following:
    """What remembers the last values of frames of these formats."""
    by_name = {format.name: format for format in formats}

    def stream_of(record: Record) -> str:
        try:
            return repr(by_name[record.format].stream_of(record))
        except WIRE_ERRORS:
            return "?"  # (it does not say it)

    followed = {format.name: format.calibrations.followed for format in formats if format.calibrations is not None}
    return Following(followed, stream_of)


class FollowedRun(OfEvents):
    """A run whose records are told the last values before them, as `run.AnyRun`."""

    def __init__(self, inner: AnyRun) -> None:
        self.engine = inner.engine
        self.known = inner.known
        self.formats = inner.formats
        self._inner = inner

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        return self._inner.statistics

    def events(self) -> Iterator[Event]:
        """The events in the order of the stream; once only."""
        following = following_of(self.formats)
        for event in self._inner.events():
            if isinstance(event, Record):
                following.take(event)
            yield event
