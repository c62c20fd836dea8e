"""Handlers over what is recorded: called for the same events, with the same keys, as while it came in.

A recording can wait, so whoever would drop events of a live stream gets all of them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from sigflow.errors import SigflowError
from sigflow.events import Event, Gap, Idle, Record
from sigflow.quarantine import Failure
from sigflow.watch.handlers.declared import START, STOP, Handler
from sigflow.watch.handlers.occurrences import Hook, Key, Occurrence, Occurrences
from sigflow.watch.handlers.running import Counts, Runner
from sigflow.watch.handlers.wanting import Wanting

#: Failures that are handed on at once, about.
SOME = 100
#: Is given what a handler failed on, and why.
Keep = Callable[[str, Sequence[tuple[Occurrence, Failure]]], object]


class HandledEvents:
    """State: the runner of each handler, while the events pass."""

    def __init__(self, handlers: Sequence[tuple[Handler, Wanting]], stream: int, keep: Keep) -> None:
        """stream: the number of the stream in its session.  keep: is given what a handler failed on."""
        self._all = [(handler, wanting, Runner(handler, drops=False)) for handler, wanting in handlers]
        self._stream = stream
        self._keep = keep

    @property
    def counts(self) -> dict[str, Counts]:
        """What became of the events, by the name of the handler."""
        return {handler.name: runner.counts for handler, _, runner in self._all}

    def over(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events, each of which the handlers are called for.  At the end they have dealt with all of them.

        Raises `SigflowError` where one is switched off.
        """
        occurrences, done = Occurrences(self._stream), 0
        try:
            self._call(Occurrence(START, Hook(START, self._stream, 0), Key(self._stream, 0)))
            for event in events:
                for occurrence in occurrences.of(event):
                    self._call(occurrence)
                if isinstance(event, Record):
                    done = event.stop
                elif isinstance(event, Gap | Idle):
                    done = event.span.stop
                yield event
            self._call(Occurrence(STOP, Hook(STOP, self._stream, done), Key(self._stream, done)))
            for handler, _, runner in self._all:
                if not runner.wait(runner.accepted):
                    raise SigflowError(f"handler {handler.name}: {runner.off}")
        finally:
            for handler, _, runner in self._all:
                runner.close()
                self._keep(handler.name, runner.failures())

    def _call(self, occurrence: Occurrence) -> None:
        for handler, wanting, runner in self._all:
            if wanting.takes(occurrence):
                runner.put(occurrence)
                if runner.off:
                    raise SigflowError(f"handler {handler.name}: {runner.off}")
                if runner.unfetched >= SOME:
                    self._keep(handler.name, runner.failures())
