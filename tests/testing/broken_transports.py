"""A transport over a queue in memory, and five that are like it but for one mistake."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from sigflow.testing import Ends
from sigflow.transport import Chunk, Transport
from sigflow.transport.base import Clock, Cut

#: Bytes that wait, at most.
BOUND = 1 << 20


class Sound:
    """State: the pieces that nobody took, their bytes, whether either end was closed."""

    name, waits, lasting = "memory", True, False
    bound = BOUND

    def __init__(self) -> None:
        self.clock = Clock(self.name)
        self.pieces: deque[bytes] = deque()
        self.held = self.received = 0
        self.over = self.closed = False
        self.changed = asyncio.Event()

    async def _change(self) -> None:
        self.changed.clear()
        await self.changed.wait()

    async def put(self, data: bytes) -> None:
        while self.held > self.bound and not self.closed:
            await self._change()
        self.pieces.append(data)
        self.held += len(data)
        self.changed.set()

    async def end(self) -> None:
        self.over = True
        self.changed.set()

    async def receive(self) -> Chunk | None:
        while not self.pieces:
            if self.over or self.closed:
                return None
            await self._change()
        data = self.pieces.popleft()
        self.held -= len(data)
        self.received += len(data)
        self.changed.set()
        return Chunk(data, self.clock.stamp())

    async def send(self, data: bytes) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed = True
        self.changed.set()

    def describe(self) -> Mapping[str, object]:
        return {"uri": self.name, "received": self.received}


class Lossy(Sound):
    async def receive(self) -> Chunk | None:
        chunk = await super().receive()
        return chunk._replace(data=chunk.data[:-1]) if chunk is not None and len(chunk.data) > 500 else chunk


class Timeless(Sound):
    async def receive(self) -> Chunk | None:
        chunk = await super().receive()
        if chunk is None:
            return None
        self.first = getattr(self, "first", chunk.stamp)
        return chunk._replace(stamp=self.first)


class Stuck(Sound):
    async def close(self) -> None:
        self.closed = True  # (and nobody is told)


class Endless(Sound):
    bound = 1 << 40


class ClosedOnce(Sound):
    async def close(self) -> None:
        if self.closed:
            raise ValueError("it is closed")
        await super().close()


class Telling(Sound):
    """Cannot make anybody wait, and says what it drops."""

    waits = False
    dropped = 0

    async def put(self, data: bytes) -> None:
        if self.held > self.bound:
            self.dropped += len(data)
        else:
            await super().put(data)

    async def receive(self) -> Chunk | None:
        chunk = await super().receive() if self.pieces or not self.dropped else Chunk(b"", self.clock.stamp())
        if chunk is not None and not self.pieces and self.dropped:
            chunk, self.dropped = chunk._replace(cuts=(Cut("overflow", self.dropped),)), 0
        return chunk


class Dropping(Telling):
    """The same, but for that."""

    async def receive(self) -> Chunk | None:
        chunk = await super().receive()
        return chunk._replace(cuts=()) if chunk is not None else None


class Raw(Sound):
    async def receive(self) -> bytes | None:  # type: ignore[override]
        chunk = await super().receive()
        return chunk.data if chunk is not None else None


def connect(kind: type[Sound]):  # type: ignore[no-untyped-def]
    async def connect() -> Ends:
        made = kind()
        transport: Transport = made
        return Ends(transport, made.put, made.end)

    return connect
