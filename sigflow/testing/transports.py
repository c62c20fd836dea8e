"""The check of transports."""

from __future__ import annotations

import asyncio
import json
import random
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from sigflow.testing.contract import Contract
from sigflow.transport.base import WAITING, Chunk, Transport, TransportError

T = TypeVar("T")
#: Seconds for anything to happen, and after which a sender that gets no further is taken to wait.
PATIENCE, STALLED = 20.0, 0.5
#: Bytes that are sent while nobody receives, and those that may be held meanwhile.
FLOOD, HELD = 96 << 20, WAITING + (16 << 20)
#: What is sent is a part of this, again and again: its length is prime, so that a piece that is missing is seen.
_BLOCK = random.Random(0).randbytes(65521)
_TWICE = _BLOCK + _BLOCK + _BLOCK


class Ends(NamedTuple):
    """A transport that is open, and its other end.  send: puts bytes in there, and waits where it is made to; None
    where it makes its bytes itself, and ends.  end: closes that end; None where it has none.
    """

    transport: Transport
    send: Callable[[bytes], Awaitable[object]] | None = None
    end: Callable[[], Awaitable[object]] | None = None


def check_transport(
    connect: Callable[[], Awaitable[Ends]], *, name: str = "", largest: int = 1 << 16, loses: bool = False
) -> None:
    """Holds a transport against its contract: what is sent comes, in chunks whose stamps rise; the end is None, and
    stays that; closing twice is allowed, and ends a `receive` that waits; what nobody takes waits in bounded memory,
    or is dropped and told as cuts.

    connect: opens it with its other end.  name: what messages call it.  largest: bytes that may be sent at once.
    loses: whether the way itself may lose some without knowing how many.  Raises `PluginError`.
    """
    rules = Contract("transport", name or getattr(connect, "__name__", "transport"))
    asyncio.run(_check(rules, connect, largest, loses))


async def _check(rules: Contract, connect: Callable[[], Awaitable[Ends]], largest: int, loses: bool) -> None:
    for step in (_contents, _closing, _flood):
        try:
            ends = await _within(rules, connect(), "it opens")
        except (TransportError, OSError) as error:
            rules.raised(error, "it opens", "at first")
        try:
            await step(rules, ends, largest, loses)
        finally:
            try:
                await asyncio.wait_for(ends.transport.close(), PATIENCE)
            except Exception as error:
                rules.raised(error, "closing twice is allowed", step.__name__.strip("_"))
            if ends.end is not None:
                await ends.end()


async def _within(rules: Contract, work: Awaitable[T], rule: str) -> T:
    try:
        return await asyncio.wait_for(work, PATIENCE)
    except TimeoutError as error:
        rules.raised(error, rule, f"nothing in {PATIENCE:g} s")


def _part(at: int, size: int) -> bytes:
    """The bytes of what is sent, from a place on."""
    at %= len(_BLOCK)
    return _TWICE[at : at + size] if size <= len(_BLOCK) else b""


class _Received:
    """What comes of a transport.  State: the bytes, those that are known to be missing, what the last stamp was."""

    def __init__(self, rules: Contract, transport: Transport, known: bool) -> None:
        """known: whether the bytes are those that `_part` gives."""
        self._rules, self._transport, self._known = rules, transport, known
        self.bytes = self.missing = 0
        self.cut = self.ended = False
        self._stamp = (-1, -1)

    async def chunk(self) -> Chunk | None:
        """The next chunk, seen to be one."""
        rules = self._rules
        try:
            chunk = await asyncio.wait_for(self._transport.receive(), PATIENCE)
        except TimeoutError as error:
            rules.raised(error, "what is sent comes", f"nothing after {self.bytes} bytes in {PATIENCE:g} s")
        except Exception as error:
            rules.raised(error, "it fails with TransportError alone, and does not where nothing is wrong", "receive")
        if chunk is None:
            self.ended = True
            return None
        rules.hold(isinstance(chunk, Chunk), "it gives chunks", type(chunk).__name__)
        rules.hold(isinstance(chunk.data, bytes), "the data of a chunk is bytes", type(chunk.data).__name__)
        stamp = (chunk.stamp.number, chunk.stamp.monotonic_ns)
        seen = f"number and clock {stamp} after {self._stamp}"
        rules.hold(stamp[0] > self._stamp[0] and stamp[1] >= self._stamp[1], "stamps rise", seen)
        self._stamp = stamp
        for cut in chunk.cuts:
            self.cut = self.cut or cut.missing is None
            self.missing += cut.missing or 0
        if self._known and not self.missing and not self.cut:
            data, at = chunk.data, self.bytes
            for start in range(0, len(data), len(_BLOCK)):
                piece = data[start : start + len(_BLOCK)]
                same = piece == _part(at + start, len(piece))
                rules.hold(same, "what is sent comes, in its order", f"other bytes behind {at + start}")
        self.bytes += len(chunk.data)
        return chunk


async def _contents(rules: Contract, ends: Ends, largest: int, loses: bool) -> None:
    transport = ends.transport
    rules.hold(isinstance(transport.name, str) and transport.name, "it has a name", repr(transport.name))
    for part in ("waits", "lasting"):
        value = getattr(transport, part)
        rules.hold(isinstance(value, bool), f"`{part}` is true or false", repr(value))
    received, sent = _Received(rules, transport, ends.send is not None), 0
    for size in (1, 10, 1000, 5, 60_000, 1) if ends.send is not None else ():
        size = min(size, largest)
        assert ends.send is not None
        await _within(rules, ends.send(_part(sent, size)), "what is sent is taken")
        sent += size
        while received.bytes < sent:
            before = received.bytes
            if await received.chunk() is None:
                rules.fail("it ends when the other end has closed, and not before", f"after {before} of {sent} bytes")
    rules.equal(received.missing, 0, "it drops nothing while there is room")
    while ends.send is None and not received.ended:
        await received.chunk()
    described = dict(transport.describe())
    try:
        json.dumps(described)
    except (TypeError, ValueError) as error:
        rules.raised(error, "it is described as JSON can say", "describe")
    rules.hold("uri" in described, "it is described with its uri", sorted(described))
    rules.equal(described.get("received"), received.bytes, "it counts the bytes that it has received")
    if ends.end is not None or ends.send is None:
        if ends.end is not None:
            await ends.end()
        while not received.ended:
            await received.chunk()
        if ends.send is not None:
            rules.equal(received.bytes, sent, "what was sent before the end comes")
        if not transport.lasting:  # (else somebody may come)
            again = await received.chunk()
            rules.equal(again, None, "behind the end is nothing")
    await transport.close()


async def _closing(rules: Contract, ends: Ends, largest: int, loses: bool) -> None:
    """Who waits for bytes is not left waiting."""
    waiting = asyncio.ensure_future(ends.transport.receive())
    await asyncio.sleep(0.05)
    await _within(rules, ends.transport.close(), "closing ends")
    try:
        await asyncio.wait_for(waiting, PATIENCE / 4)
    except TransportError:
        pass  # that is an end, too
    except TimeoutError as error:
        rules.raised(error, "closing ends a `receive` that waits", f"it waits {PATIENCE / 4:g} s later")
    except Exception as error:
        rules.raised(error, "it fails with TransportError alone", "receive, while it is closed")


async def _flood(rules: Contract, ends: Ends, largest: int, loses: bool) -> None:
    """Very much is sent, and nobody receives: then all of it is."""
    put = ends.send
    if put is None:
        return
    size = min(len(_BLOCK), largest)
    sent = 0

    async def send() -> None:
        nonlocal sent
        while sent < FLOOD:
            await put(_part(sent, size))
            sent += size
            await asyncio.sleep(0)

    received = _Received(rules, ends.transport, True)
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sending = asyncio.ensure_future(send())
    last = -1
    while not sending.done() and last != sent:
        last = sent
        await asyncio.wait([sending], timeout=STALLED)
    held = tracemalloc.get_traced_memory()[0] - before
    if not tracing:
        tracemalloc.stop()
    try:
        rules.hold(held <= HELD, "what nobody takes waits in bounded memory", f"{held} bytes held of {sent} sent")
        # What could wait comes whole; of what could not, the rest is told.
        wanted = min(sent, 32 << 20) if ends.transport.waits else sent
        while received.bytes + received.missing < (1 if loses else wanted):
            if await received.chunk() is None:
                break
        told = received.bytes + received.missing
        if not loses and not received.cut:
            rules.hold(told >= wanted, "what does not come is told as a cut", f"{told} of {wanted} bytes")
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
