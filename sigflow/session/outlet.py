"""A sink and the queue before it: bounded in bytes, worked off by a thread."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sigflow.errors import SigflowError
from sigflow.session.refused import QuarantineSink
from sigflow.session.sinks import EVENTS, Barrier, Sink
from sigflow.storage.session.ledger import Ledger

if TYPE_CHECKING:
    from sigflow.session.alarms import AlarmSink
    from sigflow.session.audit import AuditSink
    from sigflow.session.handling import HandlerSink

#: Bytes of frames that wait for a sink, at most, and one piece more.
BOUND = 32 << 20
#: What is put into the queue: of a stream, frames and their bytes; or a barrier, and what is set when it may be passed.
#: Or what the clock says.
_Item = tuple[int, Sequence[Any], int] | tuple[Barrier, threading.Event] | tuple[int] | None
AnySink: TypeAlias = "Sink | QuarantineSink | AlarmSink | AuditSink | HandlerSink"


class Outlet:
    """State: what waits; the error that the sink ended with.  `put` and `pass_on` are called in the loop."""

    def __init__(self, sink: AnySink, ledger: Ledger, failed: Callable[[str], object]) -> None:
        """failed: is told, in the loop, that the sink has ended with an error."""
        self.sink = sink
        self.error: BaseException | None = None
        self._ledger = ledger
        self._failed = failed
        self._bound = BOUND
        self._held = 0
        self._busy = False  # whether something is worked off
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Event()
        self._room.set()
        self._thread = threading.Thread(target=self._run, name=f"sigflow {sink.name}", daemon=True)

    def start(self) -> None:
        """Begin, now that what a killed process left was made right."""
        self._thread.start()

    def put(self, stream: int, pieces: Sequence[Any], size: int) -> None:
        """Frames of a stream, or stretches, of so many bytes.  To be followed by `await room()`."""
        if pieces and self.error is None:
            self._held += size
            if self._held > self._bound:
                self._room.clear()
            self._queue.put((stream, pieces, size))

    @property
    def waiting(self) -> int:
        """Bytes of frames that wait."""
        return self._held

    def abort(self, error: BaseException) -> None:
        """Take nothing more: the raw capture could not be written."""
        if self.error is None:
            self.error = error

    def hurry(self) -> bool:
        """Take nothing more, if something waits; whether that is so."""
        if self.error is not None or not self._busy:
            return False
        self.abort(SigflowError("it was stopped"))
        self.sink.hurry()
        self._room.set()
        return True

    async def room(self) -> None:
        """Wait until less waits than may."""
        await self._room.wait()

    def pass_on(self, barrier: Barrier, acknowledged: threading.Event) -> None:
        """A barrier.  acknowledged: is set once the raw bytes before it are on the disk."""
        if self.error is None:
            self._queue.put((barrier, acknowledged))

    def tick(self, now: int) -> None:
        """The clock says this, in nanoseconds since 1970: for who wants to know."""
        if self.sink.wants == EVENTS and self.error is None:
            self._queue.put((now,))

    def _run(self) -> None:
        while (item := self._next()) is not None:
            if len(item) == 1:
                self._do(self.sink.tick, item[0])  # type: ignore[union-attr]
            elif len(item) == 3:
                stream, pieces, size = item
                self._do(self.sink.take, stream, pieces)
                self._call(self._taken, size)
            else:
                barrier, acknowledged = item
                acknowledged.wait()
                self._do(self.sink.barrier, barrier)

    def _next(self) -> _Item:
        """What is next; it waits for that, and is not busy."""
        self._busy = False
        item = self._queue.get()
        self._busy = item is not None
        return item

    def _do(self, function: Callable[..., object], *arguments: object) -> None:
        if self.error is not None:
            return
        try:
            function(*arguments)
        except Exception as error:
            self._ended_by(error)

    def _ended_by(self, error: Exception) -> None:
        if self.error is None:  # (else it was told to end)
            self.error = error
            known = isinstance(error, SigflowError | OSError)
            words = str(error) if known else f"internal error: {type(error).__name__}: {error}"
            self._call(self._failed, f"{self.sink.name}: the sink has ended: {words}")

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            pass  # the loop has ended: nobody waits

    def _taken(self, size: int) -> None:
        self._held -= size
        if self._held <= self._bound:
            self._room.set()

    async def close(self) -> None:
        """Work off what waits, and give back what the sink holds."""
        self._queue.put(None)
        if self._thread.ident is not None:
            await self._loop.run_in_executor(None, self._thread.join)
        self.sink.close()
