"""`sigflow.connect`: the records of a live stream, as they come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self

from sigflow import transport
from sigflow.errors import UsageError
from sigflow.events import Event, Record
from sigflow.limits import Limits
from sigflow.stream.decoder import Decoder, Statistics
from sigflow.stream.format import Format
from sigflow.transport import Transport
from sigflow.transport.again import MOST, Reconnecting


class Connection:
    """A live stream that is decoded as it comes in; nothing is kept.  `sigflow.connect` makes it.

    An asynchronous context manager, and an asynchronous iterator of the records.  State: the transport, while it is
    open; the decoder.
    """

    def __init__(self, opened: Callable[[], Awaitable[Transport]], decoder: Decoder) -> None:
        """opened: opens the transport."""
        self._open = opened
        self._decoder = decoder
        self._transport: Transport | None = None

    async def __aenter__(self) -> Self:
        self._transport = await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def _opened(self) -> Transport:
        if self._transport is None:
            raise UsageError("the connection is not open: use it as `async with sigflow.connect(…) as session`")
        return self._transport

    async def events(self) -> AsyncIterator[Event]:
        """All events, as `Decoder.events` gives them: records, gaps, losses and notes.

        Ends when the other end has closed.  Raises `TransportError` where the connection failed, once all that came
        before was given, and `StreamError` where the connection is strict.
        """
        stream, decoder = self._opened(), self._decoder
        try:
            while (chunk := await stream.receive()) is not None:
                for cut in chunk.cuts:
                    decoder.cut(cut.kind, cut.missing, stamp=chunk.stamp)
                decoder.feed(chunk.data, stamp=chunk.stamp)
                for event in decoder.events():
                    yield event
        finally:
            decoder.feed_eof()
        for event in decoder.events():
            yield event

    async def __aiter__(self) -> AsyncIterator[Record]:
        async for event in self.events():
            if isinstance(event, Record):
                yield event

    async def send(self, data: bytes) -> None:
        """Sends bytes to the other end.  Raises `TransportError` where that cannot be."""
        await self._opened().send(data)

    async def close(self) -> None:
        """Closes the connection."""
        if self._transport is not None:
            await self._transport.close()

    @property
    def statistics(self) -> Statistics:
        """What has been counted so far."""
        return self._decoder.statistics


def connect(
    uri: str,
    formats: Format | Iterable[Format],
    limits: Limits | None = None,
    *,
    reconnect: bool = False,
    overflow: str = "block",
    strict: bool = False,
) -> Connection:
    """Returns a connection to a live stream: `async with sigflow.connect("tcp://127.0.0.1:7000", beacon) as session`.

    uri: of a transport (`docs/live.md`).  reconnect: connect again where the other end closes, which is a cut of the
    stream.  overflow: what becomes of bytes that nobody takes and that cannot wait: `block`, `drop-newest`,
    `drop-oldest`.  limits, strict: as of `Decoder`.

    Raises `UsageError` for what is no URI of a transport; entering it raises `TransportError` where it cannot be
    opened.
    """
    address = transport.parse(uri)

    async def once(after: Transport | None = None) -> Transport:
        return await transport.open(address, overflow=overflow, after=after)

    async def again() -> Transport:
        return Reconnecting(address.text, once, most=address.options.get("reconnect", MOST))

    opened = again if reconnect and transport.reopens(address) else once
    return Connection(opened, Decoder(formats, limits, strict))
