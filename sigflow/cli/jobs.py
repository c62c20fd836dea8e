"""Several captures at a time (`--jobs`), each in a process of its own, and results that are kept (`--resume`).

Rules.  A process has one capture at a time, the largest first; results are printed in the order of the captures, and
each is what the command alone gives.  What is not printed yet waits in a file, so memory does not grow with it.  A
capture that cannot be read, or whose process dies, fails alone.  Who interrupts is told what was done.

Strategy.  Each process calls the command with the same parameters; where it would begin to read captures, it serves
(`worker`), so no command has a second form for this.  The one that was called reads nothing: it hands out the names of
captures, keeps what comes back (`journal`), and ends as it would alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import connection as connections
from typing import IO, TYPE_CHECKING, Any, Protocol

import click

from sigflow.cli import exits, journal, worker
from sigflow.cli.journal import Journal, Result
from sigflow.cli.progress import Bar
from sigflow.cli.terminal import complain, complain_of_usage, counted, flush_results
from sigflow.errors import SigflowError, UsageError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from sigflow.cli.options import Jobs, Settings
    from sigflow.cli.terminal import Screen
    from sigflow.cli.worker import Kept
    from sigflow.stream.format import Format

#: Seconds that processes have to end when they are told to.
PATIENCE = 0.3
#: Bytes of a capture's result that wait in memory.
HELD = 1 << 20
#: Processes that may die one after the other before they have read anything.
TRIES = 3
#: Stands in what is kept of a capture whose process has died, with why.
DIED = "died"
#: Parameters that change no result.
INDIFFERENT = ("captures", "jobs", "resume")


class Joined(Protocol):
    """What parts of a document that several captures share are put together by."""

    def head(self, formats: list[str], text: str) -> None:
        """The document begins so, of a capture of these formats.  Raises `UsageError` where they do not fit."""

    def put(self, text: str) -> None:
        """The next part."""


class _Printed:
    """Parts that stand one after the other on standard output."""

    def __init__(self, screen: Screen) -> None:
        self.put = screen.write

    def head(self, formats: list[str], text: str) -> None:
        self.put(text)


class Pool:
    """State: the processes, what each is at; the results; how much is printed."""

    def __init__(
        self,
        captures: Sequence[str],
        sizes: Sequence[int],
        formats: Sequence[Format],
        settings: Settings,
        jobs: Jobs,
        kept: Kept | None,
        joined: Joined | None,
    ) -> None:
        """sizes: their bytes.  Raises `UsageError` where the results that are kept are of another run."""
        context = click.get_current_context()
        self._path = context.command_path.split()[1:]
        self._parameters = dict(context.params)
        self._captures = captures
        self._screen = settings.screen
        self._kept = kept
        self._joined = joined or _Printed(settings.screen)
        self._sizes = sizes
        self._terminals = (sys.stdout.isatty(), sys.stderr.isatty())
        self._colored = [bool(settings.screen.styled("", "red", stream=stream)) for stream in (sys.stdout, sys.stderr)]
        self._journal = Journal(jobs.resume, _run(self._path, self._parameters, captures, formats, settings))
        self._results: dict[int, Result] = {}
        self._again(jobs)
        waiting = [number for number in range(len(captures)) if number not in self._results]
        self._waiting = deque(sorted(waiting, key=lambda number: -self._sizes[number]))
        self._most = jobs.number
        self._lanes: dict[Connection[Any, Any], _Lane] = {}
        self._bar = Bar(counted(len(captures), "capture"), sum(self._sizes)) if settings.screen.progress else None
        self._read = sum(self._sizes[number] for number in self._results)
        self._printed = 0
        self._died = 0

    def _again(self, jobs: Jobs) -> None:
        """Take over the results that hold still."""
        for number, name in enumerate(self._captures):
            result = self._journal.kept.get(name)
            if result is not None and result.state is not None and result.state == self._state(name):
                self._results[number] = result
        if self._results:
            done = counted(len(self._results), "result")
            self._screen.note(f"{jobs.resume}: {done} of {counted(len(self._captures), 'capture')} kept there")

    def _state(self, name: str) -> list[Any] | None:
        """What a result depends on: what the capture is now, and which colours it has."""
        state = journal.state_of(name)
        return None if state is None else [*state, *self._colored]

    def run(self) -> int:
        """Do all of it, and give the worst exit code."""
        codes: list[int] = []
        try:
            while self._printed < len(self._captures):
                result = self._results.pop(self._printed, None)
                if result is not None:
                    codes.append(self._shown(result))
                    self._printed += 1
                    continue
                self._hand_out()
                flush_results()
                for ready in connections.wait([*self._lanes], 1):
                    self._heard(self._lanes[ready])  # type: ignore[index]
            return exits.worst(codes)
        except KeyboardInterrupt:
            self._stop_bar()
            done = self._printed + len(self._results)
            words = f"interrupted: {done} of {counted(len(self._captures), 'capture')} done, {self._printed} told above"
            more = f"; --resume {self._journal.path} goes on" if self._journal.path is not None else ""
            self._screen.note(words + more)
            raise
        finally:
            self._end()

    # ---------------------------------------------------------------- processes

    def _hand_out(self) -> None:
        """Give a capture to each process that has none; there are as many as needed."""
        for lane in self._lanes.values():
            if lane.ready and lane.number is None and self._waiting:
                self._ask(lane, self._waiting.popleft())
        idle = sum(lane.number is None for lane in self._lanes.values())
        while len(self._lanes) < self._most and idle < len(self._waiting):
            lane = _Lane(self._path, self._parameters, self._terminals, sum(self._sizes))
            self._lanes[lane.connection] = lane
            idle += 1

    def _ask(self, lane: _Lane, number: int) -> None:
        """Have a process read this capture."""
        lane.state = self._state(self._captures[number])
        try:
            lane.connection.send(self._captures[number])
        except OSError:  # it has died, which `_heard` will notice
            lane.ready = False
            self._waiting.appendleft(number)
            return
        lane.number, lane.at = number, 0

    def _heard(self, lane: _Lane) -> None:
        """Take a message, or notice that there will be none."""
        try:
            message = lane.connection.recv()
        except (EOFError, OSError):
            self._lost(lane, lane.died())
            return
        kind = message[0]
        if kind == worker.READY:
            lane.ready = True
            self._died = 0
        elif kind == worker.PIECE:
            lane.pieces.write(message[1])
        elif kind == worker.AT:
            self._show_progress(lane, message[1])
        elif kind == worker.FAILED:
            self._lost(lane, message[1])
        elif kind == worker.DONE:
            self._done(lane, message[1], message[2])

    def _done(self, lane: _Lane, code: int, counts: Any) -> None:
        assert lane.number is not None  # it was asked
        number, lane.number = lane.number, None
        name = self._captures[number]
        # What failed is tried again, and so is what was changed meanwhile.
        keeps = lane.state == self._state(name) and code in (exits.OK, exits.DAMAGED)
        self._results[number] = self._journal.add(name, lane.state if keeps else None, code, counts, lane.pieces)
        lane.pieces.seek(0)
        lane.pieces.truncate()
        self._read += self._sizes[number]
        self._show_progress(None, 0)

    def _lost(self, lane: _Lane, why: str) -> None:
        """A process has died; the capture that it had fails."""
        del self._lanes[lane.connection]
        number = lane.number
        lane.end()
        if number is None:
            self._died += 1
            if self._died >= TRIES:
                raise SigflowError(f"processes that read captures end at once: {why}")
            return
        name = self._captures[number]
        self._results[number] = self._journal.add(name, None, exits.FAILED, {DIED: why}, io.BytesIO())
        self._read += self._sizes[number]

    def _end(self) -> None:
        self._stop_bar()
        for lane in self._lanes.values():
            lane.process.terminate()
        deadline = time.monotonic() + PATIENCE
        for lane in self._lanes.values():
            lane.end(max(deadline - time.monotonic(), 0))
        self._journal.close()

    # ---------------------------------------------------------------- what is shown

    def _shown(self, result: Result) -> int:
        """Print a result, and give its exit code."""
        self._stop_bar()
        if isinstance(result.kept, dict) and DIED in result.kept:
            complain(f"{result.capture}: the process that read it ended: {result.kept[DIED]}")
            return exits.FAILED
        try:
            for kind, text in self._journal.pieces(result):
                if kind == journal.OUT:
                    self._joined.put(text)
                elif kind == journal.HEAD:
                    self._joined.head(*json.loads(text))
                else:
                    self._screen.written(text)
        except UsageError as error:
            complain_of_usage(error)
            return exits.USAGE
        if self._kept is not None:
            self._kept.take(result.kept)
        return result.code

    def _show_progress(self, lane: _Lane | None, offset: int) -> None:
        if lane is not None and lane.number is not None:
            lane.at = min(offset, self._sizes[lane.number])
        if self._bar is not None:
            busy = [lane.at for lane in self._lanes.values() if lane.number is not None]
            self._bar.passed(self._read + sum(busy))

    def _stop_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()


#: What keeps Python from looking for modules in the current folder.
_SAFE = "PYTHONSAFEPATH"


class _Lane:
    """A process.  State: which capture it has, how far that is read, and what was written of it."""

    def __init__(
        self, path: Sequence[str], parameters: dict[str, Any], terminals: tuple[bool, bool], expected: int
    ) -> None:
        context = multiprocessing.get_context("spawn")  # a forked one has what threads of this one were at
        self.connection, theirs = context.Pipe()
        arguments = (path, parameters, terminals, expected, theirs)
        self.process: SpawnProcess = context.Process(target=worker.serve, args=arguments, daemon=True)
        with _uninterrupted(), _alone():
            self.process.start()
        theirs.close()
        self.ready = False
        self.number: int | None = None
        self.state: list[Any] | None = None
        self.at = 0
        self.pieces: IO[bytes] = tempfile.SpooledTemporaryFile(HELD)  # noqa: SIM115  # closed by `end`

    def died(self) -> str:
        """Why it has ended."""
        self.process.join(PATIENCE)
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"signal {-code} ({signal.strsignal(-code) or 'unknown'})"
        return f"exit code {code}"

    def end(self, patience: float = PATIENCE) -> None:
        """Let it go.  patience: seconds that it has to end by itself."""
        self.process.join(patience)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()
        self.pieces.close()


@contextmanager
def _alone() -> Iterator[None]:
    """Who is started here takes no module from the current folder: Python begins with a few before it is told where
    this process has its own from.
    """
    before = os.environ.get(_SAFE)
    os.environ[_SAFE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_SAFE]
        else:
            os.environ[_SAFE] = before


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Who is started here is never interrupted by a key, not even while it begins; this process is, behind it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    with _alone():
        resource_tracker.ensure_running()  # (which changes the mask, too)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run(
    path: Sequence[str],
    parameters: dict[str, Any],
    captures: Sequence[str],
    formats: Sequence[Format],
    settings: Settings,
) -> str:
    """What the results of a run depend on beside the captures, as a hash."""
    from sigflow import __version__
    from sigflow.index.identity import format_identity

    named = {name: value for name, value in sorted(parameters.items()) if name not in INDIFFERENT}
    files = {}
    for file in settings.read:
        if os.path.isfile(file):
            with open(file, "rb") as opened:
                files[file] = hashlib.file_digest(opened, "sha256").hexdigest()
    several = len(captures) > 1  # each has another form then
    parts = [__version__, list(path), several, named, [format_identity(format) for format in formats], files]
    return hashlib.sha256(json.dumps(parts, default=repr).encode()).hexdigest()
