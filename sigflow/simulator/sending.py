"""A simulated instrument over a transport: frames at a rate on an absolute schedule, answers to queries."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import TextIO

from sigflow import transport
from sigflow.frozen import frozen
from sigflow.simulator.devices import Answers, Device
from sigflow.simulator.faults import Faults, Piece
from sigflow.transport import Address, Listener, Transport, TransportError
from sigflow.transport.descriptors import DescriptorStream
from sigflow.transport.schemes import STANDARD

#: Seconds in which a connection that was lost is made again, and between two tries.
TRYING, TRY = 10.0, 0.05
#: Bytes of a query, at most.
QUERY = 1 << 16


@frozen
class How:
    """How it is sent.  rate: frames a second, 0 as fast as it goes.  count: frames, None without end.  queries: send
    nothing but answers.  stall: seconds that a stall lasts.
    """

    uri: str
    rate: float = 10.0
    count: int | None = None
    queries: bool = False
    stall: float = 1.0


class Simulator:
    """State: the connection, and which; how much was sent over it; the number of the next frame."""

    def __init__(
        self,
        device: Device,
        faults: Faults,
        how: How,
        *,
        seed: int = 0,
        truth: TextIO | None = None,
        told: Callable[[str], object] = lambda words: None,
    ) -> None:
        """truth: gets a line of JSON for each frame that was sent whole.  told: is told on which port it listens."""
        self._device = device
        self._faults = faults
        self._how = how
        self._seed = seed
        self._truth = truth
        self._told = told
        self._address: Address = transport.parse(how.uri)
        self._listener: Listener | None = None
        self._connection = -1
        self._sent = 0
        self._number = 0

    async def run(self) -> None:
        """Do it, until all frames are sent, or who reads a pipe has gone.  Raises `TransportError` and `UsageError`
        where there is nowhere to send to.
        """
        if self._address.listens:
            self._listener = await transport.listen(self._address)
            self._told(f"{self._address.text}: listening on port {getattr(self._listener, 'port', 0) or '-'}")
        try:
            await (self._answers() if self._how.queries else self._frames())
        finally:
            if self._listener is not None:
                await self._listener.close()

    # ---------------------------------------------------------------- connections

    async def _opened(self) -> Transport:
        """The next connection; one that was there before is tried again for a while."""
        if self._listener is not None:
            stream = await self._listener.accept()
        elif self._address.scheme == STANDARD:
            stream = DescriptorStream(STANDARD, None, 1, owned=False)
        else:
            until = asyncio.get_running_loop().time() + (TRYING if self._connection >= 0 else 0)
            while True:
                try:
                    stream = await transport.open_target(self._address)
                    break
                except TransportError:
                    if asyncio.get_running_loop().time() >= until:
                        raise
                    await asyncio.sleep(TRY)
        self._connection += 1
        self._sent = 0
        return stream

    @property
    def _ends(self) -> bool:
        """Whether nobody connects anew: standard output and FIFOs are there once."""
        return self._address.scheme in (STANDARD, "pipe")

    # ---------------------------------------------------------------- frames

    async def _frames(self) -> None:
        loop = asyncio.get_running_loop()
        begun: float | None = None
        while self._left():
            stream = await self._opened()
            begun = loop.time() if begun is None else begun
            answering = asyncio.ensure_future(self._answer(stream))
            try:
                while self._left():
                    if self._how.rate:
                        await asyncio.sleep(max(begun + self._number / self._how.rate - loop.time(), 0))
                    self._number += 1
                    if not await self._send(stream, self._faults.of(self._device.frame(self._number - 1))):
                        break
            except TransportError:
                if self._ends:
                    return
            finally:
                answering.cancel()
                await stream.close()
            if self._ends:
                return

    def _left(self) -> bool:
        return self._how.count is None or self._number < self._how.count

    async def _send(self, stream: Transport, pieces: list[Piece]) -> bool:
        """Send what became of a frame; whether the connection stays."""
        for piece in pieces:
            await stream.send(piece.data)
            self._sent += len(piece.data)
            if piece.frame is not None:
                self._note(piece.frame)
            if piece.then == "stall":
                await asyncio.sleep(self._how.stall)
            elif piece.then == "disconnect":
                return False
        return True

    def _note(self, frame: bytes) -> None:
        """The truth: a frame was sent whole."""
        if self._truth is None:
            return
        line = {
            "index": self._number - 1,
            "connection": self._connection,
            "offset": self._sent - len(frame),
            "length": len(frame),
            "sha256": hashlib.sha256(frame).hexdigest(),
        }
        self._truth.write(json.dumps(line) + "\n")
        self._truth.flush()

    # ---------------------------------------------------------------- queries

    async def _answers(self) -> None:
        """Answer whoever connects, several at a time where it listens."""
        async with asyncio.TaskGroup() as group:
            while True:
                stream = await self._opened()
                if self._listener is None:
                    await self._answer(stream)
                    await stream.close()
                    return
                group.create_task(self._conversation(stream))

    async def _conversation(self, stream: Transport) -> None:
        try:
            await self._answer(stream)
        finally:
            await stream.close()

    async def _answer(self, stream: Transport) -> None:
        """Answer the queries of one connection, until the other end closes."""
        answers = Answers(self._device, self._seed)
        line = b""
        with contextlib.suppress(TransportError):
            while (chunk := await stream.receive()) is not None:
                *queries, line = (line + chunk.data).split(b"\n")
                line = line[-QUERY:]
                for query in queries:
                    if answer := answers.to(query):
                        await stream.send(answer)
