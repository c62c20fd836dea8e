"""Where others connect to: how many may, who gives way, and who can reach it."""

from __future__ import annotations

import asyncio
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sigflow import transport
from sigflow.session.ingest import peers
from sigflow.transport import TransportError, listening, sockets
from sigflow.transport.listening import SocketListener

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the addresses here are those of a Unix system")


async def listener_of(most: int) -> tuple[SocketListener, list[tuple[str, str]]]:
    listener = await listening.listen(transport.parse("tcp-listen://:0"), most=most)
    told: list[tuple[str, str]] = []
    listener.told = lambda what, words: told.append((what, words))
    return listener, told


def connected(listener: SocketListener) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", listener.port))
    peer.settimeout(10)
    return peer


async def gone(peer: socket.socket) -> bool:
    """Whether the other end lets go of it."""
    try:
        return await asyncio.to_thread(peer.recv, 1) == b""
    except ConnectionError:
        return True


def test_who_said_nothing_gives_way_and_who_speaks_does_not() -> None:
    async def run() -> list[tuple[str, str]]:
        listener, told = await listener_of(2)
        speaking, silent = connected(listener), connected(listener)
        streams = [await listener.accept() for _ in range(2)]
        speaking.sendall(b"hello")
        first = await streams[0].receive()
        assert first is not None and first.data == b"hello"
        third = connected(listener)
        assert await gone(silent)
        streams.append(await listener.accept())
        third.sendall(b"me too")
        assert await streams[2].receive() is not None
        refused = connected(listener)
        assert await gone(refused)
        # Once one has ended there is room again.
        await streams[0].close()
        fourth = connected(listener)
        fourth.sendall(b"x")
        last = await listener.accept()
        assert await last.receive() is not None
        for stream in (*streams, last):
            await stream.close()
        await listener.close()
        for peer in (speaking, silent, third, refused, fourth):
            peer.close()
        return told

    told = asyncio.run(run())
    assert [what for what, _ in told] == ["gave-way", "refused"]
    assert "it never said anything" in told[0][1] and "2 connections are open" in told[1][1]


def test_who_was_quiet_for_long_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "QUIET", 0.1)

    async def run() -> list[tuple[str, str]]:
        listener, told = await listener_of(1)
        quiet = connected(listener)
        quiet.sendall(b"x")
        stream = await listener.accept()
        await stream.receive()
        await asyncio.sleep(0.2)
        other = connected(listener)
        assert await gone(quiet)
        await (await listener.accept()).close()
        await listener.close()
        quiet.close()
        other.close()
        return told

    assert "it was quiet for more than 0.1 s" in asyncio.run(run())[0][1]


def test_connections_that_nobody_takes_wait_with_the_system() -> None:
    async def run() -> None:
        listener, _ = await listener_of(100)
        waiting = [connected(listener) for _ in range(40)]
        await asyncio.sleep(0.2)
        assert len(listener._open) <= listening.READY + 1
        for _ in range(40):
            await (await asyncio.wait_for(listener.accept(), 10)).close()
        await listener.close()
        for peer in waiting:
            peer.close()

    asyncio.run(run())


def test_connections_that_have_ended_are_waited_for() -> None:
    """Who comes while they are done with is not refused."""

    async def run() -> list[tuple[str, str]]:
        listener, told = await listener_of(2)
        texts = [b"%d" % number for number in range(10)]
        for text in texts:
            with connected(listener) as peer:
                peer.sendall(text)
        came = []
        for _ in texts:
            stream = await asyncio.wait_for(listener.accept(), 10)
            chunk = await stream.receive()
            assert chunk is not None and await stream.receive() is None
            came.append(chunk.data)
            await asyncio.sleep(0.02)
            await stream.close()
        assert came == texts
        await listener.close()
        return told

    assert not asyncio.run(run())


@pytest.mark.skipif(sys.platform != "linux", reason="what listens is looked up in /proc")
@pytest.mark.parametrize("uri", ["tcp-listen://:0", "udp://:0"])
def test_nothing_listens_beyond_this_machine_unless_told(uri: str) -> None:
    async def run() -> list[str]:
        opened: Any = await (transport.listen(uri) if "listen" in uri else transport.open(uri))
        table = "tcp" if "listen" in uri else "udp"
        lines = [
            line.split()[1]
            for name in (table, f"{table}6")
            for line in Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]
            if line.split()[1].endswith(f":{opened.port:04X}")
        ]
        await opened.close()
        return lines

    lines = asyncio.run(run())
    assert lines and all(line.startswith("0100007F:") for line in lines)


def test_what_a_killed_process_left_is_replaced_and_who_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    async def run() -> None:
        listener = await transport.listen(f"unix-listen:{path}")
        with pytest.raises(TransportError, match="cannot listen"):
            await transport.listen(f"unix-listen:{path}")
        await listener.close()
        assert not path.exists()

    asyncio.run(run())
    path.write_text("a file")
    with pytest.raises(TransportError, match="cannot listen"):
        asyncio.run(transport.listen(f"unix-listen:{path}"))  # type: ignore[arg-type]
    assert path.read_text() == "a file"


def test_a_peer_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for it is bounded, and so is the time."""
    monkeypatch.setattr(sockets, "STALLED", 0.3)

    async def run() -> tuple[int, str]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            stream = await sockets.connect(transport.parse(f"tcp://127.0.0.1:{server.getsockname()[1]}"))
            peer, _ = server.accept()
            most = 0
            with pytest.raises(TransportError) as caught:
                for _ in range(10_000):
                    await stream.send(bytes(100_000))
                    assert stream._transport is not None
                    most = max(most, stream._transport.get_write_buffer_size())
            await stream.close()
            peer.close()
            return most, str(caught.value)

    most, words = asyncio.run(run())
    assert most <= 64 * 1024 + 100_000 and "has taken nothing" in words


def test_there_are_descriptors_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, sources, most in ((1024, 1, 256), (1024, 4, 61), (256, 1, 36), (64, 1, 1), (1 << 20, 2, 128)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert peers(sources) == most


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
def test_tls_and_peers_that_do_not_speak_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who take their time with the handshake, or never make it, hold up nobody."""
    monkeypatch.setattr(listening, "CONNECTING", 1.0)
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run([*make, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)

    async def run() -> list[str]:
        address = transport.parse(f"tcp-listen://:0?tls=1&cert={certificate}&key={key}")
        listener = await listening.listen(address, most=40)
        told: list[str] = []
        listener.told = lambda what, words: told.append(what)
        silent = [connected(listener) for _ in range(30)]
        silent[0].sendall(b"this is no TLS")
        await asyncio.sleep(0.1)
        for _ in range(3):
            client = await transport.open(f"tcp://127.0.0.1:{listener.port}?tls=1&ca={certificate}")
            server = await asyncio.wait_for(listener.accept(), 10)
            for sender, receiver in ((client, server), (server, client)):
                await sender.send(bytes(100_000))
                size = 0
                while size < 100_000:
                    chunk = await receiver.receive()
                    assert chunk is not None
                    size += len(chunk.data)
            await client.close()
            assert await server.receive() is None
            await server.close()
        await asyncio.sleep(1.2)
        assert not listener._open
        with pytest.raises(TransportError, match="cannot connect"):
            await transport.open(f"tcp://127.0.0.1:{listener.port}?tls=1")
        await listener.close()
        for peer in silent:
            peer.close()
        return told

    assert set(asyncio.run(run())) == {"failed"}
