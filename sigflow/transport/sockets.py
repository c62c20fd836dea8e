"""Streams of sockets, TCP and Unix, with TLS where it is asked for.

The loop reads into one buffer (`BufferedProtocol`), so that a byte is copied once on its way; a peer is made to wait
when too much waits to be taken.  One that is gone without a word is noticed by keep-alives, one that takes nothing of
what it is sent after a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from sigflow.errors import UsageError
from sigflow.transport.address import Address
from sigflow.transport.base import PIECE, WAITING, Chunk, Clock, TransportError
from sigflow.transport.inbox import Inbox

#: Seconds for a connection to be made, with all of TLS.
CONNECTING = 10.0
#: Seconds in which a peer must take something of what it is sent.
STALLED = 30.0
#: A peer that is silent is asked after so many seconds whether it is there, again after so many, so many times.
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


def reason(error: BaseException) -> str:
    """What the system says."""
    if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError | socket.gaierror):
        return os.strerror(error.errno)  # (asyncio has words of its own in place of the system's)
    return str(error) or type(error).__name__


def place_of(peer: object) -> str:
    """The other end, in words; "" where it has no name."""
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer or "")


class SocketStream(asyncio.BufferedProtocol):
    """One connection.  State: the inbox; whether the loop asked us not to send; when the last bytes came."""

    waits = True
    lasting = False

    def __init__(
        self,
        name: str,
        *,
        bound: int = WAITING,
        buffer: memoryview | None = None,
        closed: Callable[[SocketStream], object] = lambda stream: None,
    ) -> None:
        """bound: bytes that wait to be taken, at most, about.  buffer: which the loop reads into, and which others may
        share, since what it reads is taken out at once.  closed: is told when who took the connection lets it go.
        """
        self.name = name
        self.peer = ""
        self._closed = closed
        self._buffer = memoryview(bytearray(PIECE)) if buffer is None else buffer
        self._inbox = Inbox(Clock(name), bound=bound, pause=self._pause, resume=self._resume)
        self.heard = time.monotonic()
        self._transport: asyncio.Transport | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._lost = asyncio.Event()
        self._fault: BaseException | None = None

    # ---------------------------------------------------------------- what the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.peer = place_of(peer)
        if isinstance(peer, tuple):
            _keep_alive(transport.get_extra_info("socket"))

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """There are so many."""
        self.heard = time.monotonic()
        self._inbox.put(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> bool:
        """The other end sends no more; it may still be sent to, but not over TLS."""
        self._inbox.end()
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._fault = exc
        self._inbox.end(None if exc is None else TransportError(f"{self.name}: {reason(exc)}"))
        self._lost.set()
        self._room.set()

    def pause_writing(self) -> None:
        """What was sent waits."""
        self._room.clear()

    def resume_writing(self) -> None:
        """It is gone."""
        self._room.set()

    def _pause(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # ---------------------------------------------------------------- what a transport does

    async def receive(self) -> Chunk | None:
        """The next bytes; None where the other end has closed."""
        return await self._inbox.get()

    async def send(self, data: bytes) -> None:
        """Send all of the bytes, once those before them are nearly gone."""
        if not self._room.is_set():
            await self._taken()
        if self._transport is None or self._lost.is_set() or self._transport.is_closing():
            why = "it is closed" if self._fault is None else reason(self._fault)
            raise TransportError(f"{self.name}: nothing can be sent: {why}")
        self._transport.write(data)

    @property
    def unsent(self) -> int:
        """Bytes that were sent and that the system has not taken yet."""
        return 0 if self._transport is None or self._lost.is_set() else self._transport.get_write_buffer_size()

    async def _taken(self) -> None:
        """Wait until there is room.  Where the peer takes nothing the connection is given up: a `TransportError`."""
        while not self._room.is_set():
            assert self._transport is not None
            before = self._transport.get_write_buffer_size()
            try:
                await asyncio.wait_for(self._room.wait(), STALLED)
            except TimeoutError:
                if self._transport.get_write_buffer_size() >= before:
                    self.abort()
                    words = f"{self.name}: the other end has taken nothing of what it was sent for {STALLED:g} s"
                    raise TransportError(words) from None

    @property
    def stands(self) -> bool:
        """Whether the connection was made, with all of TLS."""
        return self._transport is not None

    @property
    def ended(self) -> bool:
        """Whether the other end sends no more."""
        return self._inbox.ended

    @property
    def silent(self) -> bool:
        """Whether nothing ever came."""
        return not self._inbox.received

    def abort(self) -> None:
        """Close at once; what was not sent is gone."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Send what waits, for a second at most, and close."""
        self._closed(self)
        if self._transport is None:
            return
        self._transport.close()
        try:
            await asyncio.wait_for(self._lost.wait(), 1.0)
        except TimeoutError:
            self._transport.abort()
        self._inbox.end()

    def describe(self) -> Mapping[str, Any]:
        """Its name, the other end, and the bytes that came in."""
        return {"uri": self.name, "peer": self.peer, "received": self._inbox.received}


def _keep_alive(connection: socket.socket) -> None:
    """Have the system notice a peer that is gone; not all systems can be told how soon."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def context_of(address: Address) -> ssl.SSLContext | None:
    """TLS as the options ask for it, with the standard library's defaults."""
    options = address.options
    if not options.get("tls"):
        alone = [name for name in ("ca", "cert", "key") if name in options]
        if alone:
            raise UsageError(f"{address.text!r}: {alone[0]} is for tls=1")
        return None
    purpose = ssl.Purpose.CLIENT_AUTH if address.listens else ssl.Purpose.SERVER_AUTH
    if address.listens and "cert" not in options:
        raise UsageError(f"{address.text!r}: a server needs a certificate: cert=FILE, and key=FILE if it is not in it")
    try:
        context = ssl.create_default_context(purpose, cafile=options.get("ca"))
        if "cert" in options:
            context.load_cert_chain(options["cert"], options.get("key"))
    except (OSError, ssl.SSLError) as error:
        raise TransportError(f"{address.text}: the certificate cannot be used: {reason(error)}") from error
    if address.listens and "ca" in options:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def connect(address: Address, **how: object) -> SocketStream:
    """A connection to there.  how: of what other transports need, nothing matters here."""
    loop = asyncio.get_running_loop()
    context = context_of(address)

    def protocol() -> SocketStream:
        return SocketStream(address.text)

    try:
        async with asyncio.timeout(CONNECTING):
            if address.scheme == "unix":
                _, stream = await loop.create_unix_connection(protocol, address.rest)
            else:
                name = address.host if context is not None else None
                _, stream = await loop.create_connection(
                    protocol, address.host, address.port, ssl=context, server_hostname=name
                )
    except (OSError, TimeoutError) as error:
        why = f"no answer in {CONNECTING:g} s" if isinstance(error, TimeoutError) else reason(error)
        raise TransportError(f"{address.text}: cannot connect: {why}") from error
    return stream
