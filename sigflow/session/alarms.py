"""The alarms of a session while it comes in: raised at the frames at which `sigflow run` raises them afterwards.

Rules.  A line of `alarms.ndjson` is written once the raw bytes of what it tells of are on the disk, and is final with
a commit, which keeps the state of the alarms, too: after a restart they go on there, and no line is missing or
twice.  What an operator did takes effect behind the last event that was decided then; that place is kept, so that it
is done there again when the session is read.  Actions are taken when a line is written, so after a kill one may come
twice.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sigflow.columns.plain_json import dumps
from sigflow.errors import UsageError
from sigflow.events import Event
from sigflow.session.acting import Actor
from sigflow.session.growing import GrowingFile
from sigflow.session.sinks import EVENTS, Barrier, Frames, Positions
from sigflow.session.tiles import Tiles
from sigflow.storage.disk import DISK, Disk
from sigflow.storage.session import layout
from sigflow.storage.session.ledger import Ledger
from sigflow.storage.session.operations import Applied, Asked, Operations
from sigflow.watch.alarms.monitor import Change, Monitor, Operation
from sigflow.watch.alarms.rules import rules
from sigflow.watch.alarms.states import ACTIVE
from sigflow.watch.alarms.telling import Teller

if TYPE_CHECKING:
    from sigflow.config import Config
    from sigflow.config.sections import Action, Alarm
    from sigflow.stream.format import Format

#: What the ledger calls it.
NAME = "alarms"
#: Changes of a stream are told, with its number.
OnChange = Callable[[int, Change, Mapping[str, Any]], object]


def outward(alarm: Alarm) -> list[Action]:
    """What is done on an alarm outside of this process."""
    return [action for action in alarm.actions if action != "log"]


class _Stream:
    """State: the alarms; how far the events are decided, and what stands before the next; the last operation that was
    asked for, and how many took effect; what is to be written; the state as of the last barrier.
    """

    def __init__(self, monitor: Monitor, teller: Teller) -> None:
        self.monitor, self.teller = monitor, teller
        self.tiles = Tiles()
        self.operation = self.count = 0
        self.waiting: list[Change] = []
        self.applied: list[Applied] = []
        self.moved = True

    def tree(self) -> Any:
        """The state as JSON."""
        return {
            "done": self.tiles.done,
            "operation": self.operation,
            "applied": self.count,
            "monitor": self.monitor.tree(),
        }

    def restore(self, tree: Any) -> None:
        """The other way round.  Raises `UsageError`."""
        try:
            self.tiles, self.operation, self.count = (
                Tiles(int(tree["done"])),
                int(tree["operation"]),
                int(tree["applied"]),
            )
            monitor = tree["monitor"]
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"this is no state of alarms: {error}") from error
        self.monitor.restore(monitor)

    def operate(self, operation: Operation) -> None:
        """An operator, or the clock, did this."""
        self.waiting += self.monitor.operate(operation)
        self.applied.append(Applied(self.count, self.tiles.done, Asked(*operation)))
        self.count += 1
        self.moved = True

    def take(self, event: Event) -> None:
        """The next event."""
        for known in self.tiles.take(event):
            self.waiting += self.monitor.take(known)
            self.moved = True


class AlarmSink:
    """As a sink, of events.  State: the streams, the file, what operators asked for."""

    name = NAME
    wants = EVENTS

    def __init__(
        self,
        session: str,
        config: Config,
        told: OnChange = lambda stream, change, tree: None,
        *,
        acts: bool = False,
        failed: Callable[[str, str], object] = lambda severity, words: None,
        disk: Disk = DISK,
    ) -> None:
        """told: is told each change, when it is written.  acts: whether programs are run, and URLs sent something;
        failed: is told what of that fails.
        """
        self._config = config
        self._told = told
        self._session = session
        self._file = GrowingFile(NAME, os.path.join(session, layout.ALARMS), disk=disk)
        self._streams: dict[int, _Stream] = {}
        self._states: dict[int, Any] = {}
        self._actor = Actor(failed)
        self._actions = {name: outward(alarm) for name, alarm in config.alarms.items()} if acts else {}
        self._applied: list[tuple[int, Applied]] = []
        #: Of each stream, how many alarms of each rule are in which state, as of the last change.
        self._standing: dict[int, Counter[tuple[str, str]]] = {}

    def begin(self, ledger: Ledger) -> None:
        """Open the file, and cut off what was not committed."""
        self._ledger, self._positions = ledger, Positions(self.name, ledger)
        self._file.begin(ledger)
        self._operations = Operations(self._session)

    def position(self, stream: int) -> int:
        """Before which frame of a stream all events are behind a commit."""
        return self._positions.of(stream)

    def begin_stream(self, stream: int, first: int, formats: Sequence[Format]) -> None:
        """Go on with its alarms where they were committed."""
        good, mistakes = rules(self._config.alarms, formats, self._config.document)
        if mistakes:
            raise mistakes[0]
        state = self._streams[stream] = _Stream(Monitor(good), Teller(formats))
        kept = self._ledger.state(NAME, stream)
        if kept is not None:
            state.restore(kept)
        self._stand(stream)

    def _stand(self, stream: int) -> None:
        self._standing[stream] = Counter((name, state) for name, _, state, _ in self._streams[stream].monitor.alarms)

    def standing(self) -> Iterator[tuple[str, str, dict[tuple[str, bool], int]]]:
        """Of each rule its name and level, and how many alarms are in which state that is not normal, and whether that
        is raised.  Another thread may call this.
        """
        total: Counter[tuple[str, str]] = Counter()
        for counts in list(self._standing.values()):
            total += counts
        for name, alarm in self._config.alarms.items():
            yield (
                name,
                alarm.level,
                {(state, state in ACTIVE): count for (rule, state), count in total.items() if rule == name},
            )

    def take(self, stream: int, pieces: Sequence[Frames | list[Event]]) -> None:
        """Events of a stream, in order."""
        state = self._streams[stream]
        for piece in pieces:
            for event in piece:
                state.take(event)

    def tick(self, now: int) -> None:
        """The clock says this, in nanoseconds since 1970: notice that nothing comes."""
        for state in self._streams.values():
            for operation in state.monitor.waits(now):
                state.operate(operation)

    def barrier(self, barrier: Barrier) -> None:
        """Do what operators asked for, write the lines that wait, and commit where it is time."""
        number = barrier.stream
        state = self._streams[number]
        for id, asked in self._operations.behind(state.operation):
            state.operate(Operation(*asked))
            state.operation = id
        lines = bytearray()
        for change in state.waiting:
            tree = {"stream": number, **state.teller.tree(change)}
            lines += dumps(tree).encode() + b"\n"
            self._told(number, change, tree)
            self._actor.act(self._actions.get(change.alarm, []), tree)
        if lines:
            self._file.append(lines)
            self._stand(number)
        state.waiting.clear()
        moved, state.moved = state.moved, False
        if moved:
            self._states[number] = state.tree()
        self._applied += [(number, applied) for applied in state.applied]
        state.applied.clear()
        if self._positions.move(barrier, barrier.frames) or (self._states and self._positions.due):
            self._file.sync()
            self._positions.commit(self._commit)

    def _commit(self) -> None:
        self._file.commit(self._ledger)
        for number, state in self._states.items():
            self._ledger.put_state(NAME, number, state)
        for number, applied in self._applied:
            self._ledger.operated(number, applied.number, applied.offset, *applied.asked)
        self._states.clear()
        self._applied.clear()

    def hurry(self) -> None:
        """What is written at once is not given up."""

    def close(self) -> None:
        """Give back the file, and take the actions that wait."""
        self._actor.close()
        self._file.close()
        if hasattr(self, "_operations"):
            self._operations.close()
