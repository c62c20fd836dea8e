"""Where others connect to: TCP and Unix sockets.  What one of them does costs the others nothing.

Rules.  So many connections are open at once, and no more.  Where there are as many, the one that was quiet the longest
gives way to a new one: at once if it never sent a byte, else after a minute; if there is none such, the new one is
refused.  Connections that are made faster than they are taken, or than those that have ended are done with, wait with
the system.  Each holds little memory: they
share the buffer that the loop reads into, and a peer waits once a few pieces of its bytes do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import time
from collections.abc import Callable

from sigflow.transport.address import Address
from sigflow.transport.base import PIECE, TransportError
from sigflow.transport.sockets import CONNECTING, SocketStream, context_of, place_of, reason

#: Connections that wait with the system, and those that stand and wait to be taken.
BACKLOG, READY = 128, 16
#: Bytes of one connection that wait to be taken, at most, about.
PEER_WAITING = 4 * PIECE
#: Seconds of quiet after which a connection that has sent something gives way to a new one.
QUIET = 60.0
#: Seconds before it is tried again, where no connection can be accepted.
LACKING = 0.2


class SocketListener:
    """State: the connections that are open, by their age; those that nobody took yet; who was refused or gave way."""

    def __init__(self, address: Address, sockets: list[socket.socket], most: int) -> None:
        self.name = address.text
        bound = sockets[0].getsockname()
        self.port: int = bound[1] if isinstance(bound, tuple) else 0
        self._unix = address.rest if address.scheme == "unix-listen" else None
        self._context = context_of(address)
        self._most = most
        self._sockets = sockets
        self._buffer = memoryview(bytearray(PIECE))
        self._open: dict[SocketStream, None] = {}
        self._ready: asyncio.Queue[SocketStream] = asyncio.Queue()
        self._taken = asyncio.Event()
        self._making: set[asyncio.Task[None]] = set()
        #: Is told what becomes of connections: a word, the other end, in words.
        self.told: Callable[[str, str], object] = lambda what, words: None
        self._accepting = [asyncio.ensure_future(self._accept(server)) for server in sockets]

    async def _accept(self, server: socket.socket) -> None:
        """Take one connection after another."""
        loop = asyncio.get_running_loop()
        while True:
            while self._crowded():
                self._taken.clear()
                await self._taken.wait()
            try:
                connection, place = await loop.sock_accept(server)
            except ConnectionError:
                continue  # who is gone already
            except OSError as error:  # (descriptors or memory are lacking, most likely)
                self.told("lacking", f"{self.name}: no connection can be accepted: {reason(error)}")
                await asyncio.sleep(LACKING)
                continue
            connection.setblocking(False)
            if len(self._open) >= self._most and not self._let_go():
                self.told("refused", f"{self.name}: {self._most} connections are open: another one is refused")
                connection.close()
                continue
            task = loop.create_task(self._make(connection, place))
            self._making.add(task)
            task.add_done_callback(self._making.discard)

    def _crowded(self) -> bool:
        """Whether more stand than are taken, or are done with.  (Those that TLS is about with may take their time.)"""
        making = len(self._making) if self._context is None else 0
        if self._ready.qsize() + making >= READY:
            return True
        return len(self._open) >= self._most and any(stream.ended for stream in self._open)

    def _let_go(self) -> bool:
        """Whether one has given way."""
        quiet = min(
            (stream for stream in self._open if stream.stands),
            key=lambda stream: (not stream.silent, stream.heard),
            default=None,
        )
        if quiet is None or (not quiet.silent and time.monotonic() - quiet.heard < QUIET):
            return False
        how = "it never said anything" if quiet.silent else f"it was quiet for more than {QUIET:g} s"
        self.told("gave-way", f"{self.name}: {quiet.peer or 'a connection'} gives way to a new connection: {how}")
        quiet.abort()
        self._open.pop(quiet)
        return True

    async def _make(self, connection: socket.socket, place: object) -> None:
        """Make a stream of a connection from there, with all of TLS, and let it be taken."""
        stream = SocketStream(self.name, bound=PEER_WAITING, buffer=self._buffer, closed=self._closed)
        self._open[stream] = None
        patience = CONNECTING if self._context is not None else None
        try:
            # (Where that fails, the loop closes the connection.)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: stream, connection, ssl=self._context, ssl_handshake_timeout=patience
            )
        except OSError as error:
            self._closed(stream)
            self.told("failed", f"{self.name}: a connection was not made: {reason(error)}")
            return
        stream.peer = place_of(place)  # (the system does not say it of one that was reset already)
        self._ready.put_nowait(stream)

    def _closed(self, stream: SocketStream) -> None:
        """There is room for another one."""
        self._open.pop(stream, None)
        self._taken.set()

    async def accept(self) -> SocketStream:
        """The next one who connects."""
        stream = await self._ready.get()
        self._taken.set()
        return stream

    async def close(self) -> None:
        """Accept no more, and close what nobody accepted."""
        tasks = [*self._accepting, *self._making]
        self._accepting.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._sockets:
            server.close()
        self._sockets.clear()
        if self._unix is not None:
            with contextlib.suppress(OSError):
                os.remove(self._unix)
            self._unix = None
        while not self._ready.empty():
            await self._ready.get_nowait().close()


async def listen(address: Address, *, most: int) -> SocketListener:
    """Let others connect, so many at a time at most."""
    try:
        if address.scheme == "unix-listen":
            sockets = [_unix(address.rest)]
        else:
            sockets = await _tcp(address.host, address.port)
    except OSError as error:
        raise TransportError(f"{address.text}: cannot listen: {reason(error)}") from error
    try:
        return SocketListener(address, sockets, most)
    except BaseException:
        for server in sockets:
            server.close()
        raise


async def _tcp(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen at all addresses of a host."""
    loop = asyncio.get_running_loop()
    places = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, place in dict.fromkeys(places):
            made = socket.create_server((place[0], port), family=family, backlog=BACKLOG)
            made.setblocking(False)
            sockets.append(made)
            port = port or made.getsockname()[1]
    except BaseException:
        for server in sockets:
            server.close()
        raise
    return sockets


def _unix(path: str) -> socket.socket:
    """A Unix socket that listens.  What a killed process left there is removed; who is there stays."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.stat(path).st_mode):
            with socket.socket(socket.AF_UNIX) as trying:
                try:
                    trying.connect(path)
                except ConnectionRefusedError:
                    os.remove(path)
    made = socket.socket(socket.AF_UNIX)
    try:
        made.bind(path)
        made.listen(BACKLOG)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made
