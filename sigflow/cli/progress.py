"""A progress bar on a terminal, for captures that take long enough for one.

The library that draws it is not even imported before half a second has gone by.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sigflow.storage.base import DEFAULT_CHUNK, Closing, tag_of

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from sigflow.cli.terminal import Screen
    from sigflow.storage import Storage

#: Seconds before a bar appears.
PATIENCE = 0.5


def watched(storage: Storage, screen: Screen) -> Storage:
    """The storage, with a progress bar where the screen shows one."""
    return Watched(storage) if screen.progress else storage


@contextmanager
def watched_together(storages: Sequence[Storage], screen: Screen) -> Iterator[list[Storage]]:
    """Storages that are read side by side, with one progress bar for all where the screen shows one."""
    if not screen.progress:
        yield list(storages)
        return
    sizes = [storage.size for storage in storages]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    together = Together(f"{len(storages)} captures", total)
    try:
        yield [together.share(storage) for storage in storages]
    finally:
        together.stop()


class Together:
    """What is read of several storages.  State: how far each is read, and the bar."""

    def __init__(self, name: str, size: int | None) -> None:
        self.name = name
        self._bar = Bar(name, size)
        self._done: list[int] = []

    def share(self, storage: Storage) -> Storage:
        """A storage that moves the bar."""
        self._done.append(0)
        return _Share(storage, self, len(self._done) - 1)

    def passed(self, number: int, offset: int) -> None:
        """Show that the bytes before `offset` of this storage are done."""
        self._done[number] = offset
        self._bar.passed(sum(self._done))

    def stop(self) -> None:
        """Show nothing any more."""
        self._bar.stop()


class Watched(Closing):
    """A storage whose chunks move a progress bar on stderr."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.name = inner.name
        self.size = inner.size
        self.repeatable = inner.repeatable
        self._bar = Bar(inner.name, inner.size)

    @property
    def view(self) -> object:
        """All of it in memory, or None; see the storages that have it."""
        return getattr(self._inner, "view", None)

    @property
    def descriptor(self) -> int | None:
        """The descriptor of a file, or None."""
        return getattr(self._inner, "descriptor", None)

    @property
    def tag(self) -> str | None:
        """What tells the version of a remote object, or None."""
        return tag_of(self._inner)

    @property
    def between(self) -> Callable[[int, int, int | None], Iterator[bytes]] | None:
        """What gives chunks for who says where he will stop, or None."""
        chunks: Callable[[int, int, int | None], Iterator[bytes]] | None = getattr(self._inner, "between", None)
        return chunks

    @property
    def again(self) -> Callable[[], Storage] | None:
        """What opens the same once more, or None."""
        opener: Callable[[], Storage] | None = getattr(self._inner, "again", None)
        return opener

    @property
    def fault(self) -> object:
        """How a compressed capture is damaged, once that was met."""
        return getattr(self._inner, "fault", None)

    @property
    def head(self) -> object:
        """What gives the head of a live stream, or None."""
        return getattr(self._inner, "head", None)

    def passed(self, offset: int) -> None:
        """Show that the bytes before `offset` are done, by who does not read chunks."""
        self._bar.passed(offset)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends."""
        return self._inner.read(start, stop)

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        begin = time.monotonic()
        done = start
        chunks = self._inner.chunks(chunk_size, start)
        for chunk in chunks:
            done += len(chunk)
            yield chunk
            if time.monotonic() - begin > PATIENCE:
                break
        yield from self._with_bar(chunks, done)

    def _with_bar(self, chunks: Iterator[bytes], done: int) -> Iterator[bytes]:
        first = next(chunks, None)
        if first is None:
            return
        progress, task = self._bar.shown(done)
        try:
            chunk: bytes | None = first
            while chunk is not None:
                progress.advance(task, len(chunk))
                yield chunk
                chunk = next(chunks, None)
        finally:
            progress.stop()

    def close(self) -> None:
        """Close the storage."""
        self._bar.stop()
        self._inner.close()


class Passing(Watched):
    """A storage whose reader is told of by `passed`, chunk by chunk."""

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes."""
        done = start
        for chunk in self._inner.chunks(chunk_size, start):
            yield chunk
            done += len(chunk)
            self.passed(done)


class _Share(Passing):
    """A storage of several that are read side by side."""

    def __init__(self, inner: Storage, together: Together, number: int) -> None:
        super().__init__(inner)
        self._together = together
        self._number = number

    def passed(self, offset: int) -> None:
        """Show that the bytes before `offset` are done."""
        self._together.passed(self._number, offset)


class Bar:
    """A bar on stderr.  State: since when something is done, and the bar once it is there."""

    def __init__(self, name: str, size: int | None) -> None:
        self._name = name
        self._size = size
        self._begin: float | None = None
        self._bar: tuple[Progress, TaskID] | None = None

    def passed(self, offset: int) -> None:
        """Show that so many bytes are done, once that takes long."""
        if self._begin is None:
            self._begin = time.monotonic()
        if self._bar is None and time.monotonic() - self._begin > PATIENCE:
            self._bar = self.shown(offset)
        if self._bar is not None:
            progress, task = self._bar
            progress.update(task, completed=offset)
            if offset == self._size:
                self.stop()

    def stop(self) -> None:
        """Show it no more."""
        if self._bar is not None:
            self._bar[0].stop()
        self._bar, self._begin = None, None

    def shown(self, done: int) -> tuple[Progress, TaskID]:
        """A bar of its own."""
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        from sigflow.cli.terminal import one_line

        # Of a stream whose end is not known, what has come and for how long it has; of others, how long it will take.
        known = self._size is not None
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn() if known else DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True) if known else TimeElapsedColumn(),
            TextColumn("left" if known else ""),
        ]
        progress = Progress(*columns, console=Console(stderr=True), transient=True)
        progress.start()
        return progress, progress.add_task(escape(one_line(self._name)), total=self._size, completed=done)
