"""Which events become which rows.

A gap, a loss and a note are a row each.  Good frames are counted by format, kind and stream id, in seconds of their own
time: a row for each when the second is over, so that what went wrong can be set against what went well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.errors import UsageError
from sigflow.events import Event, Gap, Loss, Note, Record
from sigflow.reasons import CHECKSUM, OVERFLOW
from sigflow.recording.grouping import Grouping, key_of
from sigflow.watch.alarms.rules import spelt

if TYPE_CHECKING:
    from sigflow.stream.format import Format

#: What a row says.
FRAMES, GAP, DROP, LOSS, NOTE = "frames", "gap", "drop", "loss", "note"
SECOND = 10**9
#: Formats, kinds and stream ids that are counted apart in one second, at most; further ones are counted together.
MOST = 1000


class Row(NamedTuple):
    """What happened.  offset: where; length: in bytes; frames: of a gap those that failed their checksums, of a loss
    those that never came; device: the stream id on the wire; detail: reasons, or the message.
    """

    stream: int
    what: str
    format: str
    kind: str
    device: str
    offset: int
    length: int
    frames: int
    time_ns: int | None
    detail: str


class Rows:
    """Makes the rows of a stream.  State: the last time; the second that is counted, and what in it."""

    def __init__(self, stream: int, formats: Sequence[Format]) -> None:
        self._stream = stream
        self._groupings = {format.name: Grouping(format) for format in formats if format.envelope is not None}
        self._time: int | None = None
        self._second: int | None = None
        self._counts: dict[tuple[str, str, str], list[int]] = {}

    def take(self, event: Event) -> Iterator[Row]:
        """The rows of an event."""
        if isinstance(event, Record):
            yield from self._frame(event)
        elif isinstance(event, Gap):
            what = DROP if event.reasons == (OVERFLOW,) else GAP
            failed = [reason.partition(":")[0] for reason in event.reasons if reason.endswith(f":{CHECKSUM}")]
            at, size, detail = event.span.start, len(event.span), ", ".join(event.reasons)
            format = failed[0] if len(failed) == 1 else ""
            yield Row(self._stream, what, format, "", "", at, size, len(failed), self._time, detail)
        elif isinstance(event, Loss):
            device = spelt(event.stream) or ""
            detail = f"expected {event.expected}, found {event.found}"
            yield Row(self._stream, LOSS, event.format, "", device, event.offset, 0, event.count, self._time, detail)
        elif isinstance(event, Note):
            detail = f"{event.code}: {event.message}"
            yield Row(self._stream, NOTE, event.format, "", "", event.offset, 0, 0, self._time, detail)

    def _frame(self, record: Record) -> Iterator[Row]:
        time = record.time
        second = None if time is None else time // SECOND
        if self._counts and second != self._second:
            yield from self.end()
        self._time, self._second = time, second
        grouping = self._groupings.get(record.format)
        kind = device = ""
        if grouping is not None:
            if grouping.has_kinds:
                kind = spelt(key_of(grouping.kind_of, record)) or ""
            if grouping.has_streams:
                device = spelt(key_of(grouping.format.stream_of, record)) or ""
        key = (record.format, kind, device)
        if key not in self._counts and len(self._counts) >= MOST:
            key = (record.format, "", "")
        counts = self._counts.setdefault(key, [record.start, 0, 0])
        counts[1] += record.stop - record.start
        counts[2] += 1

    def end(self) -> Iterator[Row]:
        """The rows of the second that is counted: it is over."""
        time = None if self._second is None else self._second * SECOND
        for (format, kind, device), (offset, size, frames) in self._counts.items():
            yield Row(self._stream, FRAMES, format, kind, device, offset, size, frames, time, "")
        self._counts.clear()

    def tree(self) -> Any:
        """The state as JSON."""
        return [self._time, self._second, [[*key, *counts] for key, counts in self._counts.items()]]

    def restore(self, tree: Any) -> None:
        """The other way round.  Raises `UsageError`."""
        try:
            self._time, self._second, counts = tree
            self._counts = {(entry[0], entry[1], entry[2]): [int(count) for count in entry[3:6]] for entry in counts}
        except (TypeError, ValueError, IndexError) as error:
            raise UsageError(f"this is no state of an audit: {error}") from error
