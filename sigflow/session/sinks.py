"""Where decoded frames go: what every sink does.

Rules.  A sink takes records in the order of each stream, and keeps them until a *barrier* says that the raw bytes of
all that it was given of that stream are on the disk.  What is behind a barrier may be written; what was written is
final with a *commit*, which puts it on the disk and says in the ledger how far the sink has come.  After a restart it
is given what lies behind that, once more.  So a file has each frame once; who is sent frames may get some twice, and
tells them by their positions.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sigflow.errors import UsageError
from sigflow.events import FrameRun, Record
from sigflow.frozen import frozen
from sigflow.storage.session import layout

if TYPE_CHECKING:
    from sigflow.storage.session.ledger import Ledger
    from sigflow.stream.format import Format

#: Frames as a decoder gives them: records, or a run of which records are made when they are taken.
Frames = list[Record] | FrameRun
#: What sinks want: frames, stretches that are in no frame, or all events.
FRAMES, REFUSED, EVENTS = "frames", "refused", "events"
#: Seconds between two commits of a sink, at most, while frames come.
EVERY = 1.0


class Barrier(NamedTuple):
    """All before it is on the disk.  frames: of the stream, before it.  ledger_rows: says in the ledger what a restart
    needs to go on from here; it is called in the transaction that makes what was written final.
    """

    stream: int
    frames: int
    ledger_rows: Callable[[Ledger], object]
    final: bool = False


class RecordFormat(NamedTuple):
    """What a frame is in a file that grows.  of: its bytes.  head, tail: what the file begins and ends with."""

    of: Callable[[Record], bytes]
    head: bytes = b""
    tail: bytes = b""


@frozen
class Batching:
    """When a file of a table is full: rows, bytes of frames, seconds."""

    rows: int = 1_000_000
    bytes: int = 256 << 20
    seconds: float = 60.0


@frozen
class Place:
    """Where frames go.  batching: of a table, None: that of the ingestion."""

    uri: str
    batching: Batching | None = None


class SinkRequest(NamedTuple):
    """What a sink is made for.  uri: as it was written; rest: what stands behind `scheme:`.  formats: by name.
    session: the folder of the session, in which there will be a folder `out`.
    """

    uri: str
    scheme: str
    rest: str
    formats: Mapping[str, Format]
    batching: Batching
    session: str

    def path(self) -> str:
        """What stands behind the colon, as a path here.  Raises `UsageError` where there is no path, or no folder."""
        if not self.rest:
            raise UsageError(f"{self.uri!r}: a path is wanted behind the colon")
        folder = os.path.dirname(os.path.abspath(self.rest))
        if not os.path.isdir(folder) and folder != os.path.join(os.path.abspath(self.session), layout.OUT):
            raise UsageError(f"{self.uri!r}: there is no folder {folder}")
        return self.rest


class Sink(Protocol):
    """One thread calls all of it.  wants: `FRAMES`, `REFUSED` or `EVENTS`."""

    name: str
    wants: str

    def begin(self, ledger: Ledger) -> None:
        """Make right what a process that was killed has left."""
        ...

    def position(self, stream: int) -> int:
        """How many frames of a stream it has for good."""
        ...

    def begin_stream(self, stream: int, first: int, formats: Sequence[Format]) -> None:
        """Frames of a stream will come.  first: the index of the first; formats: as the decoder lists them."""
        ...

    def take(self, stream: int, pieces: Sequence[Frames]) -> None:
        """Frames of a stream, in order."""
        ...

    def barrier(self, barrier: Barrier) -> None:
        """What was taken of the stream may be written, and is committed where it is time."""
        ...

    def hurry(self) -> None:
        """End soon, whatever is left: the process is about to end.  Another thread calls this."""
        ...

    def close(self) -> None:
        """Give back what it holds; what was not committed is gone."""
        ...


class Timer:
    """When it is time for a commit."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is."""
        return time.monotonic() - self._last >= EVERY

    def reset(self) -> None:
        """It was done now."""
        self._last = time.monotonic()


class Positions:
    """How far a sink has come in each stream.  State: that; the last barriers, which no commit has made final."""

    def __init__(self, name: str, ledger: Ledger) -> None:
        self._name = name
        self._ledger = ledger
        self._positions: dict[int, int] = {}
        self._moved: dict[int, Barrier] = {}
        self._timer = Timer()

    def of(self, stream: int) -> int:
        """How many frames of a stream the sink has."""
        if stream not in self._positions:
            self._positions[stream] = self._ledger.position(self._name, stream)[0]
        return self._positions[stream]

    def move(self, barrier: Barrier, frames: int) -> bool:
        """It has all before the barrier, so many frames; whether it is time for a commit."""
        before = self.of(barrier.stream)
        if frames <= before and barrier.stream not in self._moved and not barrier.final:
            return False  # nothing is new
        self._positions[barrier.stream] = max(before, frames)
        self._moved[barrier.stream] = barrier
        return barrier.final or self._timer.due()

    @property
    def moved(self) -> bool:
        """Whether there are barriers that no commit has made final."""
        return bool(self._moved)

    @property
    def due(self) -> bool:
        """Whether it is time for a commit, if there is something else that is new."""
        return self._timer.due()

    def commit(self, beside: Callable[[], object] = lambda: None) -> None:
        """Say so in the ledger.  beside: says what else belongs into the same transaction."""
        with self._ledger.transaction():
            for stream, barrier in self._moved.items():
                self._ledger.move(self._name, stream, self._positions[stream])
                barrier.ledger_rows(self._ledger)
            beside()
        self._moved.clear()
        self._timer.reset()


def behind(pieces: Sequence[Frames], position: int) -> Iterator[Record]:
    """The records that a sink does not have yet."""
    for piece in pieces:
        for record in piece:
            if record.index >= position:
                yield record
