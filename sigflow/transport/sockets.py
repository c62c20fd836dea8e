"""Streams of sockets, TCP and Unix, as a client or as a server, with TLS where it is asked for.

The loop reads into one buffer (`BufferedProtocol`), so that a byte is copied once on its way; a peer is made to wait
when too much waits to be taken.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Any, cast

from sigflow.errors import UsageError
from sigflow.transport.address import Address
from sigflow.transport.base import PIECE, Chunk, Clock, TransportError
from sigflow.transport.inbox import Inbox

#: Seconds for a connection to be made, with all of TLS.
CONNECTING = 10.0
#: Connections that wait to be accepted, at most, by us and by the system.
BACKLOG = 128


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError | socket.gaierror):
        return os.strerror(error.errno)  # (asyncio has words of its own in place of the system's)
    return str(error) or type(error).__name__


class SocketStream(asyncio.BufferedProtocol):
    """One connection.  State: the inbox; whether the loop asked us not to send."""

    waits = True

    def __init__(self, name: str, *, joined: asyncio.Queue[SocketStream] | None = None) -> None:
        """joined: where a connection that somebody else made is put when it stands."""
        self.name = name
        self.peer = ""
        self._joined = joined
        self._buffer = memoryview(bytearray(PIECE))
        self._inbox = Inbox(Clock(name), pause=self._pause, resume=self._resume)
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
        self.peer = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer or "")
        if self._joined is not None:
            try:
                self._joined.put_nowait(self)
            except asyncio.QueueFull:
                self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """There are so many."""
        self._inbox.put(bytes(self._buffer[:nbytes]))

    def eof_received(self) -> bool:
        """The other end sends no more; it may still be sent to, but not over TLS."""
        self._inbox.end()
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._fault = exc
        self._inbox.end(None if exc is None else TransportError(f"{self.name}: {_reason(exc)}"))
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
        await self._room.wait()
        if self._transport is None or self._lost.is_set() or self._transport.is_closing():
            why = "it is closed" if self._fault is None else _reason(self._fault)
            raise TransportError(f"{self.name}: nothing can be sent: {why}")
        self._transport.write(data)

    @property
    def unsent(self) -> int:
        """Bytes that were sent and that the system has not taken yet."""
        return 0 if self._transport is None or self._lost.is_set() else self._transport.get_write_buffer_size()

    async def close(self) -> None:
        """Send what waits, for a second at most, and close."""
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


class SocketListener:
    """Where others connect to.  State: the connections that nobody accepted yet."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self._joined: asyncio.Queue[SocketStream] = asyncio.Queue(BACKLOG)
        self._server: asyncio.Server | None = None

    def protocol(self) -> SocketStream:
        """For the next connection."""
        return SocketStream(self.name, joined=self._joined)

    def serves(self, server: asyncio.Server) -> SocketListener:
        """It is this server that takes them."""
        self._server = server
        address = server.sockets[0].getsockname()
        self.port = address[1] if isinstance(address, tuple) else 0
        return self

    async def accept(self) -> SocketStream:
        """The next one who connects."""
        return await self._joined.get()

    async def close(self) -> None:
        """Accept no more, and close what nobody accepted."""
        if self._server is not None:
            self._server.close()
            self._server = None
        while not self._joined.empty():
            await self._joined.get_nowait().close()


def _context(address: Address) -> ssl.SSLContext | None:
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
        raise TransportError(f"{address.text}: the certificate cannot be used: {_reason(error)}") from error
    if address.listens and "ca" in options:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def connect(address: Address) -> SocketStream:
    """A connection to there."""
    loop = asyncio.get_running_loop()
    context = _context(address)

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
        why = f"no answer in {CONNECTING:g} s" if isinstance(error, TimeoutError) else _reason(error)
        raise TransportError(f"{address.text}: cannot connect: {why}") from error
    return stream


async def listen(address: Address) -> SocketListener:
    """Let others connect."""
    loop = asyncio.get_running_loop()
    listener = SocketListener(address.text)
    try:
        if address.scheme == "unix-listen":
            server = await loop.create_unix_server(listener.protocol, address.rest, backlog=BACKLOG)
        else:
            server = await loop.create_server(
                listener.protocol, address.host, address.port, ssl=_context(address), backlog=BACKLOG
            )
    except OSError as error:
        raise TransportError(f"{address.text}: cannot listen: {_reason(error)}") from error
    return listener.serves(server)
