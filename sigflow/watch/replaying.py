"""Alarms over what is recorded: as they were raised, or would have been, while it came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sigflow.events import Event, Gap, Idle, Record
from sigflow.watch.alarms.monitor import Operation

if TYPE_CHECKING:
    from sigflow.watch.alarms.monitor import Change, Monitor


class Replay:
    """State: whether a frame had a time; the operations that are still to come."""

    def __init__(
        self,
        events: Iterable[Event],
        monitor: Monitor,
        operations: Sequence[tuple[int, tuple[str, str | None, str, int | None]]],
    ) -> None:
        """events: of a recording.  operations: what operators, or the clock, did, with the offsets behind which it took
        effect, in order.
        """
        self._events, self._monitor = events, monitor
        self._operations = [*reversed(operations)]
        self.timed = False

    def changes(self) -> Iterator[Change]:
        """What the events change, and what was done between them, in their order."""
        done = 0
        for event in self._events:
            if isinstance(event, Record | Gap | Idle):
                yield from self._operated(done)
                done = event.stop if isinstance(event, Record) else event.span.stop
            self.timed = self.timed or (isinstance(event, Record) and event.time is not None)
            yield from self._monitor.take(event)
        yield from self._operated(done)

    def _operated(self, done: int) -> Iterator[Change]:
        while self._operations and self._operations[-1][0] <= done:
            _, operation = self._operations.pop()
            yield from self._monitor.operate(Operation(*operation))
