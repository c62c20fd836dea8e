"""What can be read once, from front to back: a pipe, standard input, a device.

The head may be read first (a format is detected from it); `chunks` then begins with that head.  Nothing else is kept.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator

from sigflow.errors import UsageError
from sigflow.storage.base import DEFAULT_CHUNK, Closing

#: Seconds after which a stream that says nothing more is judged by what has come.
SILENCE = 1.0
#: Seconds after which it is told that this is waited for.
PATIENCE = 0.25


class PipeStorage(Closing):
    """The bytes that an open descriptor gives.  `owned`: whether closing this storage closes the descriptor."""

    repeatable = False

    def __init__(self, descriptor: int, name: str, *, owned: bool = True) -> None:
        self._descriptor = descriptor
        self._owned = owned
        self._head = b""
        self._started = False
        #: How many bytes had come when `head` was ended by silence, or None.
        self.come: int | None = None
        self.name = name
        self.size: int | None = None

    def chunks(self, chunk_size: int = DEFAULT_CHUNK, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` to the end, in pieces of 1 to `chunk_size` bytes; once only."""
        if self._started:
            raise UsageError(f"{self.name}: a pipe can be read once only")
        self._started = True
        return self._rest(chunk_size, start)

    def _rest(self, chunk_size: int, start: int) -> Iterator[bytes]:
        head, self._head = self._head, b""
        for at in range(start, len(head), chunk_size):
            yield head[at : at + chunk_size]
        skip = max(start - len(head), 0)
        while piece := self._take(chunk_size):
            if skip < len(piece):
                yield piece[skip:]
            skip = max(skip - len(piece), 0)

    def head(self, size: int, waiting: Callable[[], object]) -> bytes:
        """At most the first `size` bytes: what has come when the stream ends, or is silent for a second.

        waiting: is called once, where it takes longer than a moment.
        """
        begun = last = time.monotonic()
        told = False
        while len(self._head) < size:
            ready = self._ready(PATIENCE)
            now = time.monotonic()
            if not told and now - begun >= PATIENCE:
                told = True
                waiting()
            if ready:
                piece = os.read(self._descriptor, size - len(self._head))
                if not piece:
                    break
                self._head += piece
                last = now
            elif self._head and now - last >= SILENCE:
                self.come = len(self._head)
                break
        return self._head[:size]

    def _ready(self, seconds: float) -> bool:
        """Whether there is something to read, or the stream has ended, within so many seconds."""
        try:
            return bool(select.select([self._descriptor], [], [], seconds)[0])
        except (OSError, ValueError):
            return True  # not everything can be waited for: then reading waits

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer where the stream ends; before `chunks` only, and they stay in memory."""
        if self._started:
            raise UsageError(f"{self.name}: a pipe can be read once only")
        pieces = [self._head]
        have = len(self._head)
        while have < stop and (piece := self._take(stop - have)):
            pieces.append(piece)
            have += len(piece)
        self._head = b"".join(pieces)
        return self._head[start:stop]

    def _take(self, size: int) -> bytes:
        """Some of the next `size` bytes; none at the end."""
        return os.read(self._descriptor, size)

    def close(self) -> None:
        """Close the descriptor, if it is owned."""
        if self._owned:
            os.close(self._descriptor)
            self._owned = False
