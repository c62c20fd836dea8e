"""The audit of a session: its rows stand in the ledger, and come there with the position of the sink, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sigflow.errors import UsageError
from sigflow.events import Event
from sigflow.session.sinks import EVENTS, Barrier, Frames, Positions
from sigflow.session.tiles import Tiles
from sigflow.storage.session.ledger import Ledger
from sigflow.watch.audit.chain import BEGIN, linked
from sigflow.watch.audit.rows import Row, Rows

if TYPE_CHECKING:
    from sigflow.stream.format import Format

#: What the ledger calls it.
NAME = "audit"


class _Stream:
    """State: how far the events are known, the rows that are made of them, those that wait for a barrier."""

    def __init__(self, rows: Rows, tiles: Tiles) -> None:
        self.rows, self.tiles = rows, tiles
        self.waiting: list[Row] = []


class AuditSink:
    """As a sink, of events.  State: the streams; of each that has passed a barrier since the last commit its state; the
    rows to be committed, and behind which one.
    """

    name = NAME
    wants = EVENTS

    def __init__(self) -> None:
        self._streams: dict[int, _Stream] = {}
        self._states: dict[int, Any] = {}
        self._rows: list[Row] = []

    def begin(self, ledger: Ledger) -> None:
        """Go on behind the last row."""
        self._ledger, self._positions = ledger, Positions(self.name, ledger)
        self._last = ledger.last_audited() or (-1, BEGIN)

    def position(self, stream: int) -> int:
        """Before which frame of a stream all events are behind a commit."""
        return self._positions.of(stream)

    def begin_stream(self, stream: int, first: int, formats: Sequence[Format]) -> None:
        """Go on with what was committed."""
        rows, done = Rows(stream, formats), 0
        kept = self._ledger.state(NAME, stream)
        if kept is not None:
            try:
                done = int(kept["done"])
                rows.restore(kept["rows"])
            except (KeyError, TypeError, ValueError) as error:
                raise UsageError(f"the ledger has no state of an audit: {error}") from error
        self._streams[stream] = _Stream(rows, Tiles(done))

    def take(self, stream: int, pieces: Sequence[Frames | list[Event]]) -> None:
        """Events of a stream, in order."""
        state = self._streams[stream]
        for piece in pieces:
            for event in piece:
                for known in state.tiles.take(event):
                    state.waiting += state.rows.take(known)

    def tick(self, now: int) -> None:
        """What the clock says is no matter of an audit."""

    def barrier(self, barrier: Barrier) -> None:
        """Keep the rows that wait, and commit where it is time."""
        number = barrier.stream
        state = self._streams[number]
        if barrier.final:
            state.waiting += state.rows.end()
        self._rows += state.waiting
        state.waiting.clear()
        self._states[number] = {"done": state.tiles.done, "rows": state.rows.tree()}
        if self._positions.move(barrier, barrier.frames) or (self._rows and self._positions.due):
            self._positions.commit(self._commit)

    def _commit(self) -> None:
        number, hash = self._last
        for row in linked(hash, number + 1, self._rows):
            self._ledger.audit(row.number, row.row, row.hash)
            self._last = row.number, row.hash
        for stream, state in self._states.items():
            self._ledger.put_state(NAME, stream, state)
        self._rows.clear()
        self._states.clear()

    def hurry(self) -> None:
        """What is written at once is not given up."""

    def close(self) -> None:
        """There is nothing to give back."""
