"""A handler of a session while it comes in: each event at least once, and what it fails on is a dead letter.

Rules.  A handler is a sink of its own.  It is called for an event once the raw bytes before that are on the disk.  A
barrier does not wait for it, but the last one of a stream does: it is passed when the handler has dealt with all events
before it, and the dead letters among them are kept.  How far it has come is kept between barriers, too, so what it has
dealt with a second before a process was killed, or it was switched off, does not come again; the rest does.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sigflow.errors import SigflowError, UsageError
from sigflow.events import Event, FrameRun
from sigflow.quarantine import Quarantine
from sigflow.quarantine.ledger import connect
from sigflow.session.refused import stream_id
from sigflow.session.sinks import EVENTS, Barrier, Frames, Positions
from sigflow.session.telling import Telling
from sigflow.session.tiles import Tiles
from sigflow.storage.session import layout
from sigflow.storage.session.ledger import Ledger
from sigflow.watch.handlers.declared import RESYNC, START, STOP, Handler
from sigflow.watch.handlers.letters import letter_of
from sigflow.watch.handlers.occurrences import Hook, Key, Occurrence, Occurrences
from sigflow.watch.handlers.running import Counts, Runner
from sigflow.watch.handlers.wanting import Wanting

if TYPE_CHECKING:
    from sigflow.config.document import Document
    from sigflow.stream.format import Format

#: Failures that are kept at once, about.
SOME = 100


class _Passed(NamedTuple):
    """A barrier, and how many events the handler got before it; the state of the stream there."""

    barrier: Barrier
    accepted: int
    state: Any


class _Waiting(NamedTuple):
    """An event for the handler, and the state of the stream before it."""

    occurrence: Occurrence
    state: Any


class _Stream:
    """State: how far the events are known; those that wait for a barrier; those that wait for the handler, by their
    numbers there, with the state before each; barriers that wait for it: the first and the last of them; how far it is
    said to have come.
    """

    def __init__(self, number: int, formats: Sequence[Format], wanting: Wanting, kept: Any) -> None:
        try:
            self.tiles = Tiles(int(kept["done"]) if kept is not None else 0)
            behind_gap = bool(kept["behind_gap"]) if kept is not None else False
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"the ledger has no state of a handler: {error}") from error
        self.formats, self.wanting = formats, wanting
        self.occurrences = Occurrences(number, behind_gap=behind_gap)
        self.waiting: list[_Waiting] = []
        self.undealt: deque[tuple[int, Any]] = deque()
        self.passed: list[_Passed] = []
        self.kept = self.tiles.done

    def tree(self) -> Any:
        """The state as JSON."""
        return {"done": self.tiles.done, "behind_gap": self.occurrences.behind_gap}

    def take(self, events: Iterable[Event]) -> None:
        """Events that are new, up to one that covers bytes, as the tiles give them when they are asked."""
        state = self.tree()
        for event in events:
            for occurrence in filter(self.wanting.takes, self.occurrences.of(event)):
                self.waiting.append(_Waiting(occurrence, state))

    def dealt(self, number: int) -> Any:
        """The handler has dealt with so many of the first events: the state of the stream before the next; None where
        it has dealt with all.
        """
        while self.undealt and self.undealt[0][0] < number:
            self.undealt.popleft()
        return self.undealt[0][1] if self.undealt else None


class HandlerSink:
    """As a sink, of events.  State: the streams; the runner of the handler; the quarantine, once one is needed."""

    wants = EVENTS

    def __init__(
        self,
        session: str,
        handler: Handler,
        begun_ns: int,
        told: Callable[[str, str], object] = lambda severity, words: None,
        document: Document | None = None,
    ) -> None:
        """begun_ns: when the session began.  told: is told what fails, with a severity."""
        self.name = f"handler {handler.name}"
        self.handler = handler
        self._session, self._begun_ns = session, begun_ns
        self._document = document
        self._tell = Telling(told)
        self._runner = Runner(handler)
        self._streams: dict[int, _Stream] = {}
        self._states: dict[int, Any] = {}
        self._quarantine: Quarantine | None = None
        self._told_dropped = 0
        self._stopped = threading.Event()

    @property
    def counts(self) -> Counts:
        """What became of the events, since the process began."""
        return self._runner.counts

    @property
    def off(self) -> str:
        """Why the handler is switched off, if it is."""
        return self._runner.off

    def begin(self, ledger: Ledger) -> None:
        """Nothing is left over outside that could be made right."""
        self._ledger, self._positions = ledger, Positions(self.name, ledger)

    def position(self, stream: int) -> int:
        """Before which frame of a stream the handler has dealt with all events."""
        return self._positions.of(stream)

    def begin_stream(self, stream: int, first: int, formats: Sequence[Format]) -> None:
        """Go on with what was committed."""
        wanting = Wanting(self.handler, formats, self._document)
        state = _Stream(stream, formats, wanting, self._ledger.state(self.name, stream))
        self._streams[stream] = state
        self._want(state, Hook(START, stream, state.tiles.done))

    def _want(self, state: _Stream, hook: Hook) -> None:
        occurrence = Occurrence(hook.event, hook, Key(hook.stream, hook.offset))
        if state.wanting.takes(occurrence):
            state.waiting.append(_Waiting(occurrence, state.tree()))

    def take(self, stream: int, pieces: Sequence[Frames | list[Event]]) -> None:
        """Events of a stream, in order."""
        state = self._streams[stream]
        for piece in pieces:
            if isinstance(piece, FrameRun) and not self._looks(state):
                state.take(state.tiles.passed(piece))
                state.occurrences.passed()
                continue
            for event in piece:
                state.take(state.tiles.take(event))

    def _looks(self, state: _Stream) -> bool:
        """Whether the handler is called for frames that come now."""
        wanting = state.wanting
        return wanting.frames and (wanting.what != RESYNC or state.occurrences.behind_gap)

    def barrier(self, barrier: Barrier) -> None:
        """Give the handler what waits, and commit where it has come along, and it is time."""
        state = self._streams[barrier.stream]
        if barrier.final:
            self._want(state, Hook(STOP, barrier.stream, state.tiles.done))
        waiting, state.waiting = state.waiting, []
        for handed in waiting:
            if self._runner.ended:
                break
            state.undealt.append((self._runner.put(handed.occurrence), handed.state))
            if self._runner.unfetched >= SOME:
                self._keep(self._runner.failures())
        else:
            accepted = self._runner.accepted
            state.passed[1:] = [_Passed(barrier, accepted, state.tree())]
            if barrier.final:
                self._runner.wait(accepted)
        self._come_along()

    def tick(self, now: int) -> None:
        """It may have come along meanwhile."""
        self._come_along()

    def _come_along(self) -> None:
        """Commit where the handler has dealt with all before a barrier, and keep what it failed on."""
        dealt = self._runner.dealt  # (before the failures: none of those is missed)
        self._keep(self._runner.failures())
        due = self._runner.ended or self._positions.due
        for number, state in self._streams.items():
            come = state.dealt(dealt)
            while state.passed and state.passed[0].accepted <= dealt:
                passed = state.passed.pop(0)
                if not state.undealt:
                    come = passed.state
                due |= self._positions.move(passed.barrier, passed.barrier.frames)
            if come is not None and come["done"] > state.kept:
                self._states[number] = come
                state.kept = come["done"]
        if due and (self._states or self._positions.moved):
            self._positions.commit(self._commit)
        self._tell_dropped()
        if self._stopped.is_set():
            raise SigflowError("it was stopped")
        if self._runner.off:
            raise SigflowError(self._runner.off)

    def _commit(self) -> None:
        for number, state in self._states.items():
            self._ledger.put_state(self.name, number, state)
        self._states.clear()

    def _keep(self, failures: Sequence[tuple[Occurrence, Any]]) -> None:
        """Have dead letters on the disk."""
        if not failures:
            return
        if self._quarantine is None:
            folder = os.path.join(self._session, layout.QUARANTINE)
            connection = partial(connect, handed_on=True)  # (it is closed by the thread of the loop)
            self._quarantine = Quarantine(folder, create=True, connect=connection)
        for occurrence, failure in failures:
            stream = occurrence.key.stream
            formats = {format.name: format for format in self._streams[stream].formats}
            name = os.path.join(self._session, layout.RAW, str(stream))
            capture = stream_id(self._begun_ns, stream)
            self._quarantine.keep_letter(letter_of(self.handler.name, occurrence, formats, capture, name), failure)
            where = f"{occurrence.what} at offset {occurrence.key.offset} of stream {stream}"
            self._tell("warning", "failed", f"{self.name}: {where}: {failure.error}")
        self._quarantine.commit()

    def _tell_dropped(self) -> None:
        dropped = self._runner.counts.dropped
        if dropped > self._told_dropped:
            more, self._told_dropped = dropped - self._told_dropped, dropped
            self._tell("warning", "dropped", f"{self.name}: an event was dropped, as too many wait", more)
        self._tell.flush()

    def hurry(self) -> None:
        """Call nothing more; what was not dealt with comes again when the session goes on."""
        self._stopped.set()
        self._runner.stop()

    def close(self) -> None:
        """End the handler, and keep what it failed on last."""
        self._runner.close()
        try:
            self._keep(self._runner.failures())
        finally:
            self._tell.flush(all=True)
            if self._quarantine is not None:
                self._quarantine.close()
                self._quarantine = None
