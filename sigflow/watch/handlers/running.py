"""Calling a handler: one event after another, in a thread of its own, with a queue before it and a limit of time.

Rules.  Every event that is taken is done, failed, late, dropped, or still waits: the counts add up.  A call that raises
failed, whatever it raised.  One that takes longer than the limit is late, and the next event is called for:

- A coroutine is cancelled.
- A function of Python cannot be killed.  It is told by an exception, `TimeIsOver`, which reaches it when it next
  executes Python; its thread is left alone, and another takes its place.  Where it waits in the system for good, the
  thread stays; when so many have stayed, the handler is switched off: nothing more is called, and what waits is not
  dealt with.

What a call returns is dropped.  A handler shares the process: nothing here helps against one that ends it, takes all
of its memory, or never lets another thread run.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import NamedTuple

from sigflow.quarantine import Failure
from sigflow.watch.handlers.calling import GRACE, Caller, TimeIsOver, over
from sigflow.watch.handlers.declared import BLOCK, DROP_NEWEST, Handler
from sigflow.watch.handlers.occurrences import Occurrence

#: Threads that may be left behind, at most.
LEFT = 8
#: Seconds between two looks at the clock, at most.
LOOK = 0.25
#: Seconds that a call may take that is at work when the end comes.
CLOSING = 1.0


class Counts(NamedTuple):
    """Events: taken = done + failed + late + dropped + waiting."""

    taken: int = 0
    done: int = 0
    failed: int = 0
    late: int = 0
    dropped: int = 0

    @property
    def waiting(self) -> int:
        """Those that are not dealt with yet."""
        return self.taken - self.done - self.failed - self.late - self.dropped

    def tree(self) -> dict[str, int]:
        """The JSON form."""
        return {**self._asdict(), "waiting": self.waiting}

    def words(self) -> str:
        """In words, what is none left out."""
        shown = [(name, count) for name, count in self.tree().items() if count or name in ("taken", "done")]
        return ", ".join(f"{count} {name}" for name, count in shown)


class _Waiting(NamedTuple):
    number: int
    occurrence: Occurrence


class Runner:
    """State: what waits, what is at work since when; the counts; the failures that nobody has fetched; threads that
    were left behind.
    """

    def __init__(self, handler: Handler, *, drops: bool = True) -> None:
        """drops: whether the handler's `overflow` holds; else what has no room waits."""
        declared = handler.declared
        self._handler = handler
        self._limit = declared.timeout
        self._overflow = declared.overflow if drops else BLOCK
        self._most = declared.queue
        self._lock = threading.Lock()
        self._some, self._room = threading.Condition(self._lock), threading.Condition(self._lock)
        self._queue: deque[_Waiting] = deque()
        self._current: _Waiting | None = None
        self._deadline = 0.0
        self._next = 0
        self._counts = dict.fromkeys(Counts._fields, 0)
        self._failures: list[tuple[Occurrence, Failure]] = []
        self._generation = 0
        self._worker: threading.Thread | None = None
        self._caller: Caller | None = None
        self._watcher: threading.Thread | None = None
        self._left: list[threading.Thread] = []
        self._closing = threading.Event()
        self._ended = False
        #: Why it is switched off; "": it is not.
        self.off = ""

    # ---------------------------------------------------------------- who gives events

    def put(self, occurrence: Occurrence) -> int:
        """One more event; waits for room where that is the policy.  Returns its number."""
        with self._lock:
            if self._worker is None and not self._ended:
                self._start()
            number = self._next
            self._next += 1
            self._counts["taken"] += 1
            if len(self._queue) >= self._most:
                if self._overflow == DROP_NEWEST:
                    self._counts["dropped"] += 1
                    return number
                if self._overflow == BLOCK:
                    while len(self._queue) >= self._most and not self._ended:
                        self._room.wait()
                else:
                    self._queue.popleft()
                    self._counts["dropped"] += 1
            self._queue.append(_Waiting(number, occurrence))
            self._some.notify()
            return number

    @property
    def accepted(self) -> int:
        """How many events were put."""
        with self._lock:
            return self._next

    @property
    def dealt(self) -> int:
        """How many of the first events that were put are dealt with."""
        with self._lock:
            return self._dealt()

    def _dealt(self) -> int:
        first = self._current or (self._queue[0] if self._queue else None)
        return self._next if first is None else first.number

    def wait(self, number: int) -> bool:
        """Wait until so many of the first are dealt with; whether that is so, and it was not stopped meanwhile."""
        with self._lock:
            while self._dealt() < number and not self._ended:
                self._room.wait()
            return self._dealt() >= number

    def failures(self) -> list[tuple[Occurrence, Failure]]:
        """The events that it failed on, and why, since the last call."""
        with self._lock:
            failures, self._failures = self._failures, []
            return failures

    @property
    def unfetched(self) -> int:
        """How many failures wait to be fetched."""
        return len(self._failures)

    @property
    def counts(self) -> Counts:
        """What became of the events."""
        with self._lock:
            return Counts(**self._counts)

    def stop(self) -> None:
        """Call nothing more."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        self._ended = True
        self._some.notify_all()
        self._room.notify_all()

    @property
    def ended(self) -> bool:
        """Whether nothing more is called."""
        return self._ended

    def close(self) -> None:
        """End, without what waits.  A call that is at work is told so, after a moment; it is not dealt with."""
        self.stop()
        worker = self._worker
        if worker is not None:
            worker.join(min(self._limit, CLOSING))
            with self._lock:
                if self._current is not None and worker.ident is not None and self._caller is not None:
                    self._caller.interrupt(worker.ident)
            worker.join(GRACE)
        self._closing.set()
        if self._watcher is not None:
            self._watcher.join()

    # ---------------------------------------------------------------- who calls

    def _start(self) -> None:
        """A thread that calls, in the place of the one before."""
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, name="sigflow handler clock", daemon=True)
            self._watcher.start()
        name = f"sigflow handler {self._handler.name}"
        self._worker = threading.Thread(target=self._work, args=(self._generation,), name=name, daemon=True)
        self._worker.start()

    def _work(self, generation: int) -> None:
        try:
            self._call_all(generation)
        except TimeIsOver:
            pass  # it came when the call was over

    def _call_all(self, generation: int) -> None:
        caller = self._caller = Caller(self._handler, self._limit)
        try:
            while True:
                with self._lock:
                    while not self._queue and not self._ended:
                        self._some.wait()
                    if self._ended or generation != self._generation:
                        return
                    waiting = self._queue.popleft()
                    self._current, self._deadline = waiting, time.monotonic() + caller.limit
                    self._room.notify_all()
                failure = caller.call(waiting.occurrence)
                with self._lock:
                    if generation != self._generation:
                        return  # its time was over, and is counted
                    self._current = None
                    self._count(waiting, failure)
        finally:
            caller.close()

    def _count(self, waiting: _Waiting, failure: Failure | None) -> None:
        if failure is None:
            self._counts["done"] += 1
        else:
            self._counts["late" if failure.late else "failed"] += 1
            self._failures.append((waiting.occurrence, failure))
        self._room.notify_all()

    def _watch(self) -> None:
        """Look at the clock now and then."""
        while not self._closing.wait(min(self._limit / 10, LOOK)):
            with self._lock:
                if self._current is not None and time.monotonic() > self._deadline:
                    self._leave(self._current)

    def _leave(self, waiting: _Waiting) -> None:
        """Leave the thread alone, whose call takes too long, and begin another."""
        thread, caller = self._worker, self._caller
        assert thread is not None and thread.ident is not None and caller is not None
        self._generation += 1
        self._current = None
        self._count(waiting, Failure(over(self._limit), caller.stack(thread.ident), late=True))
        caller.interrupt(thread.ident)
        self._left = [left for left in (*self._left, thread) if left.is_alive()]
        # (The one that was told may be about to end; it counts until it has.)
        if len(self._left) > LEFT:
            self.off = f"{len(self._left)} calls hang: it is switched off"
            self._end()
        elif not self._ended:
            self._start()
