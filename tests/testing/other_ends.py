"""Every built-in transport with its other end in this process, as `check_transport` wants it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path

from sigflow import transport
from sigflow.testing import Ends
from sigflow.transport.ring import RingWriter

Connect = Callable[[], Awaitable[Ends]]


class Peer:
    """A stream that somebody else has opened, or that a server here was given."""

    def __init__(self, writer: asyncio.StreamWriter, server: asyncio.Server | None = None) -> None:
        self._writer, self._server = writer, server

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def end(self) -> None:
        self._writer.close()
        if self._server is not None:
            self._server.close()


def client(listen: Callable[..., Awaitable[asyncio.Server]], uri: Callable[[asyncio.Server], str]) -> Connect:
    """We connect to a server."""

    async def connect() -> Ends:
        accepted: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
        server = await listen(lambda reader, writer: accepted.set_result(writer))
        stream = await transport.open(uri(server))
        peer = Peer(await accepted, server)
        return Ends(stream, peer.send, peer.end)

    return connect


def server(uri: str, connected: Callable[[int], Awaitable[tuple[object, asyncio.StreamWriter]]]) -> Connect:
    """Somebody connects to us."""

    async def connect() -> Ends:
        listener = await transport.listen(uri)
        _, writer = await connected(listener.port)
        stream = await listener.accept()
        await listener.close()
        peer = Peer(writer)
        return Ends(stream, peer.send, peer.end)

    return connect


async def _written(descriptor: int, data: bytes) -> None:
    """Write to a descriptor that does not block, as fast as it takes."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            await asyncio.sleep(0.001)


def _ends(stream: transport.Transport, descriptor: int) -> Ends:
    os.set_blocking(descriptor, False)

    async def send(data: bytes) -> None:
        await _written(descriptor, data)

    async def end() -> None:
        with contextlib.suppress(OSError):
            os.close(descriptor)

    return Ends(stream, send, end)


def pipe(folder: Path) -> Connect:
    async def connect() -> Ends:
        path = folder / "fifo"
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        stream = await transport.open(f"pipe:{path}")
        return _ends(stream, os.open(path, os.O_WRONLY))

    return connect


def command() -> Connect:
    async def connect() -> Ends:
        stream = await transport.open("exec:cat")

        async def end() -> None:
            target, stream._target = stream._target, None  # type: ignore[attr-defined]
            if target is not None and not stream._closed:  # type: ignore[attr-defined]
                os.close(target)

        return Ends(stream, stream.send, end)

    return connect


def standard() -> Connect:
    """Standard input is a pipe meanwhile."""

    async def connect() -> Ends:
        kept, (reader, writer) = os.dup(0), os.pipe()
        os.dup2(reader, 0)
        os.close(reader)
        ends = _ends(await transport.open("-"), writer)

        async def end() -> None:
            assert ends.end is not None
            await ends.end()
            with contextlib.suppress(OSError):
                os.dup2(kept, 0)
                os.close(kept)

        return Ends(_Restoring(ends.transport, end), ends.send, ends.end)

    return connect


class _Restoring:
    """A transport behind whose closing standard input is what it was."""

    def __init__(self, inner: transport.Transport, after: Callable[[], Awaitable[None]]) -> None:
        self._inner, self._after = inner, after

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def close(self) -> None:
        await self._inner.close()
        await self._after()


def tail(folder: Path) -> Connect:
    async def connect() -> Ends:
        path = folder / "grows"
        path.write_bytes(b"")
        stream = await transport.open(f"tail:{path}?poll=10ms")

        async def send(data: bytes) -> None:
            with path.open("ab") as file:
                file.write(data)

        return Ends(stream, send)

    return connect


def ring() -> Connect:
    async def connect() -> Ends:
        address = transport.parse(f"ipc:plug-{os.getpid()}?size=1048576")
        writer = RingWriter(address)
        stream = await transport.open(address)

        async def send(data: bytes) -> None:
            writer.write(data)

        return Ends(stream, send, writer.close)

    return connect


def datagrams() -> Connect:
    async def connect() -> Ends:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        stream = await transport.open(f"udp://127.0.0.1:{port}", overflow="drop-oldest")
        sender = await transport.open_target(f"udp://127.0.0.1:{port}")
        sent = 0

        async def send(data: bytes) -> None:
            nonlocal sent
            sent += 1
            if sent < 20_000:  # (then nobody would see more)
                await sender.send(data)

        return Ends(stream, send)

    return connect


def serial() -> Connect:
    async def connect() -> Ends:
        master, slave = os.openpty()
        tty.setraw(slave)
        stream = await transport.open(f"serial:{os.ttyname(slave)}?baud=115200&rtscts=1")
        os.close(slave)
        return _ends(stream, master)

    return connect


def connects(folder: Path) -> dict[str, Connect]:
    """By scheme."""
    path = str(folder / "socket")
    return {
        "tcp": client(
            lambda accept: asyncio.start_server(accept, "127.0.0.1", 0),
            lambda server: f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        ),
        "tcp-listen": server("tcp-listen://127.0.0.1:0", lambda port: asyncio.open_connection("127.0.0.1", port)),
        "unix": client(lambda accept: asyncio.start_unix_server(accept, path), lambda server: f"unix:{path}"),
        "unix-listen": server(f"unix-listen:{path}", lambda port: asyncio.open_unix_connection(path)),
        "pipe": pipe(folder),
        "exec": command(),
        "-": standard(),
        "tail": tail(folder),
        "ipc": ring(),
        "udp": datagrams(),
        "serial": serial(),
    }
