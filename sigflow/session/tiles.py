"""The events of a stream, each once, however often the process that decodes it begins again.

A *tile* is an event that covers bytes: a frame, a gap, or idle bytes.  Every byte is in exactly one, so how far the
tiles go says which events are known.  What says something of a frame (a loss, a note) counts with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sigflow.events import Event, FrameRun, Gap, Idle, Record


class Tiles:
    """State: up to where tiles were taken, the events that wait for the next."""

    def __init__(self, done: int = 0) -> None:
        self.done = done
        self._before: list[Event] = []

    def take(self, event: Event) -> Iterator[Event]:
        """The events that are new with this one.  To be taken to its end."""
        if not isinstance(event, Record | Gap | Idle):
            self._before.append(event)
            return
        start, stop = (event.start, event.stop) if isinstance(event, Record) else (event.span.start, event.span.stop)
        if start >= self.done:
            yield from self._before
            yield event
            self.done = stop
        self._before.clear()

    def passed(self, run: FrameRun) -> Iterator[Event]:
        """The same of frames that nobody wants to see: the events before them.  To be taken to its end."""
        start, stop = run.shift + run.bounds[0], run.shift + run.bounds[-1]
        if start >= self.done:
            yield from self._before
        self.done = max(self.done, stop)
        self._before.clear()
