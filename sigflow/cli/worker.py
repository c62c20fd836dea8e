"""A process that reads captures for another (`jobs`): it calls the same command, which serves here instead of going on.

Rules.  What the command writes about a capture goes as pieces to the one who asked, who prints them in order.  Nothing
is written by itself, and keys that interrupt are not for this process: it ends when the other one has gone.

Messages: to the worker the name of a capture; from it `READY`, `PIECE` with the kind and the bytes, `AT` with how far
a capture is read, `DONE` with the exit code and what the command keeps, `FAILED` with why it cannot go on.
"""

from __future__ import annotations

import io
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import click

from sigflow import engine
from sigflow.cli import journal
from sigflow.cli.progress import Passing
from sigflow.cli.terminal import prepare_streams
from sigflow.storage.disk import remove_drafts

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from sigflow.storage import Storage

READY, PIECE, AT, DONE, FAILED = range(5)
#: Characters that are collected before they are sent.
COLLECTED = 1 << 16
#: Seconds between two messages about how far a capture is read.
OFTEN = 0.2


class Kept(Protocol):
    """What a command keeps of each capture until its end."""

    def give(self) -> Any:
        """What was kept since the last call, as JSON has it; it is forgotten here."""

    def take(self, counts: Any) -> None:
        """Keep what `give` gave elsewhere."""


class Worker:
    """What a command finds in its context where it is called in a process like this.

    State: what was written and not yet sent.
    """

    def __init__(self, connection: Connection, tasks: queue.SimpleQueue[str]) -> None:
        self._connection = connection
        self._tasks = tasks
        self._kind = journal.OUT
        self._texts: list[str] = []
        self._size = 0

    def serve(self, task: Callable[[str, Callable[[Storage], Storage]], int], kept: Kept | None) -> int:
        """Do the work on the captures that are asked for; ends with the process."""
        self._connection.send((READY,))
        while True:
            name = self._tasks.get()
            try:
                code = task(name, lambda storage: _Told(storage, self._connection))
                counts = kept.give() if kept is not None else None
                self._flush()
            except Exception as error:
                # One capture must not end the work on the others; whoever asked tells of it as of a process that died.
                self._connection.send((FAILED, f"{type(error).__name__}: {error}".removesuffix(": ")))
                remove_drafts()
                os._exit(1)
            self._connection.send((DONE, code, counts))

    def add(self, kind: bytes, text: str) -> None:
        """Text of this kind was written."""
        if kind != self._kind:
            self._flush()
            self._kind = kind
        self._texts.append(text)
        self._size += len(text)
        if self._size >= COLLECTED:
            self._flush()

    def head(self, formats: Sequence[str], text: str) -> None:
        """Here a document begins that several captures share.  formats: of the capture, by name."""
        import json

        self._flush()
        self._kind = journal.HEAD
        self._texts.append(json.dumps([list(formats), text]))
        self._flush()

    def _flush(self) -> None:
        if self._texts:
            self._connection.send((PIECE, journal.piece(self._kind, "".join(self._texts))))
            self._texts.clear()
            self._size = 0


class _Stream(io.TextIOBase):
    """A standard stream whose text goes to who asked.  terminal: whether his is one."""

    def __init__(self, worker: Worker, kind: bytes, real: TextIO, terminal: bool) -> None:
        self._worker = worker
        self._kind = kind
        self._real = real
        self._terminal = terminal

    def write(self, text: str, /) -> int:
        self._worker.add(self._kind, text)
        return len(text)

    def isatty(self) -> bool:
        return self._terminal

    def fileno(self) -> int:
        return self._real.fileno()


class _Told(Passing):
    """A storage whose reader is told of from time to time."""

    def __init__(self, inner: Storage, connection: Connection) -> None:
        super().__init__(inner)
        self._connection = connection
        self._next = time.monotonic() + OFTEN

    def passed(self, offset: int) -> None:
        """Say that the bytes before `offset` are done."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + OFTEN
            self._connection.send((AT, offset))


def serve(
    path: Sequence[str],
    parameters: dict[str, Any],
    terminals: tuple[bool, bool],
    expected: int,
    connection: Connection,
) -> None:
    """The process.  path: the command's name, below that of a group.  terminals: whether standard output and standard
    error are terminals.  expected: bytes of all captures.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare_streams()
    tasks: queue.SimpleQueue[str] = queue.SimpleQueue()
    worker = Worker(connection, tasks)
    sys.stdout = _Stream(worker, journal.OUT, sys.stdout, terminals[0])
    sys.stderr = _Stream(worker, journal.ERROR, sys.stderr, terminals[1])

    def listen() -> None:
        try:
            while True:
                tasks.put(connection.recv())
        except (EOFError, OSError):  # nobody is left to read for
            remove_drafts()
            os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    engine.expect(expected)
    from sigflow.cli import sigflow, told_to_end

    with told_to_end():
        command: click.Command = sigflow
        for name in path:
            assert isinstance(command, click.Group)
            subcommand = command.get_command(click.Context(command), name)
            assert subcommand is not None  # the one who asks was called by this name
            command = subcommand
        with click.Context(command, info_name=path[-1], obj=worker):
            assert command.callback is not None
            command.callback(**parameters)
