"""A validator: of a class, of which each capture has an object, so that it may remember."""

from collections.abc import Iterator

from sigflow import Record, Report


class Steady:
    """The counter of frames goes up by one, and there are frames at all."""

    def __init__(self) -> None:
        self._last: int | None = None

    def record(self, record: Record) -> Iterator[str]:
        """What is wrong with a frame, beside those before it."""
        if record.sequence is None:
            return
        if self._last is not None and record.sequence != (self._last + 1) % 256:
            yield f"the counter is {record.sequence} behind {self._last}"
        self._last = record.sequence

    def recording(self, report: Report) -> Iterator[str]:
        """What is wrong with all of it."""
        if not report.frames:
            yield "there are no frames"
