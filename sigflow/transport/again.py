"""Connecting anew after an end or a failure, with waits that grow, and chance in them so that not all come at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sigflow.stream.cuts import RECONNECT
from sigflow.transport.base import Chunk, Clock, Cut, GoesOn, Note, Transport, TransportError

#: Seconds before the first new try, and the most between two where nothing else is said.
FIRST, MOST = 0.05, 10.0
#: Seconds that a connection must have lasted for the waits to begin anew.
LASTING = 1.0


class Reconnecting:
    """A transport that is opened again when it ends.  A connection made anew is a cut, whose stamp is that of the new
    connection; when the one before it ended is said by the stamp of a note.

    State: the transport, None while there is none; the one that has ended, where the next goes on behind it; the wait
    before the next try; how often it was made anew; what is said before the next bytes.
    """

    lasting = False

    def __init__(
        self,
        name: str,
        opened: Callable[[Transport | None], Awaitable[Transport]],
        *,
        most: float = MOST,
        told: Callable[[str], object] = lambda words: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """opened: opens it, behind the one that has ended, where that is lasting.  most: seconds between two tries.
        told: is told why it is opened again.
        """
        self.name = name
        self.waits = True
        self._opened = opened
        self._most = most
        self._told = told
        self._chance = chance
        self._clock = Clock(name)
        self._transport: Transport | None = None
        self._ended: Transport | None = None
        self._wait = min(FIRST, most)
        self._tried = False
        self._begun = 0.0
        self._closing = asyncio.Event()
        self._before: dict[str, int] = {}
        self.reconnects = 0
        self._ever = False
        self._said: Chunk | None = None

    async def go_on(self, place: str, more: int, before: bytes) -> bool:
        """As of `GoesOn`, where the transport can."""
        await self._connect()
        connected: object = self._transport
        return isinstance(connected, GoesOn) and await connected.go_on(place, more, before)

    async def receive(self) -> Chunk | None:
        """The next bytes; None once it was closed."""
        while not self._closing.is_set():
            if self._said is not None:
                said, self._said = self._said, None
                return said
            if self._transport is None:
                await self._connect()
                continue
            try:
                chunk = await self._transport.receive()
                why = "the other end closed"
            except TransportError as error:
                chunk, why = None, str(error)
            if chunk is not None:
                return chunk
            if self._closing.is_set():
                return None
            self._told(f"{self.name}: {why}; connecting again")
            self._said = Chunk(b"", self._clock.stamp(), (), (Note("disconnected", why),))
            await self._dropped()
        return None

    async def _connect(self) -> None:
        """Open it, after a wait if it is not the first try, and say so where it was open before."""
        if self._tried:
            await self._pause()
            if self._closing.is_set():
                return
        self._tried = True
        try:
            transport = await self._opened(self._ended)
        except TransportError as error:
            self._told(f"{error}; trying again")
            return
        if self._ended is not None:
            ended, self._ended = self._ended, None
            await ended.close()
        if self._closing.is_set():
            await transport.close()
            return
        self._begun = asyncio.get_running_loop().time()
        self.waits = transport.waits
        if self._ever:
            self.reconnects += 1
            note = Note("reconnected", f"connected again, for the {self.reconnects}. time")
            self._said = Chunk(b"", self._clock.stamp(), (Cut(RECONNECT),), (note,))
        self._transport, self._ever = transport, True

    async def _dropped(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            for name, value in transport.describe().items():
                if isinstance(value, int) and name in ("received", "dropped"):
                    self._before[name] = self._before.get(name, 0) + value
            if transport.lasting:
                self._ended = transport
            else:
                await transport.close()
        if asyncio.get_running_loop().time() - self._begun >= LASTING:
            self._wait = min(FIRST, self._most)

    async def _pause(self) -> None:
        seconds = self._wait * (0.5 + self._chance() / 2)
        self._wait = min(2 * self._wait, self._most)
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            pass

    async def send(self, data: bytes) -> None:
        """Send over the connection that there is."""
        if self._transport is None:
            raise TransportError(f"{self.name}: nothing can be sent: there is no connection")
        await self._transport.send(data)

    async def close(self) -> None:
        """Close it, and do not open it again."""
        self._closing.set()
        for transport in (self._transport, self._ended):
            if transport is not None:
                await transport.close()

    def describe(self) -> Mapping[str, Any]:
        """As the transport, over all connections, and how often it was made anew."""
        now: dict[str, Any] = dict(self._transport.describe()) if self._transport is not None else {"uri": self.name}
        for name, value in self._before.items():
            now[name] = now.get(name, 0) + value
        return {**now, "reconnects": self.reconnects}
