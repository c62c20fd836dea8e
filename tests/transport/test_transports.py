"""Every transport between two processes, and each alone where that is quicker: the bytes are those that were sent."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import socket
import struct
import sys
from pathlib import Path

import pytest

from sigflow import transport
from sigflow.errors import UsageError
from sigflow.transport import Chunk, Transport, TransportError
from sigflow.transport.ring import path_of
from tests.lanes import TIMES
from tests.transport.ends import SIMULATED, WAYS, check, check_simulated
from tests.transport.plan import Plan

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the other ends are those of a Unix system")

DATA = Plan(5, 300).data
absent = [name for name in ("pyvisa", "pyvisa_sim") if importlib.util.find_spec(name) is None]


@pytest.mark.parametrize("name", WAYS)
def test_between_two_processes(name: str, tmp_path: Path) -> None:
    """A share; `python -m tools.check_transports` does all of it."""
    if absent and name.startswith("visa"):
        pytest.skip(f"not installed: {', '.join(absent)}")
    result = check(name, tmp_path, Plan(5, 150 * TIMES, 4, 4))
    assert not result.wrong
    assert result.cuts >= 1 or not WAYS[name].cuts or WAYS[name].joins


@pytest.mark.parametrize("name", ["tcp", "pipe"])
def test_stalls_that_are_given_up(name: str, tmp_path: Path) -> None:
    """With `--max-wait`; the marks give the same events afterwards."""
    result = check(name, tmp_path, Plan(5, 60, 0, 4, 0.25), max_wait=0.05)
    assert not result.wrong and result.marks


@pytest.mark.skipif(bool(absent), reason=f"not installed: {', '.join(absent)}")
@pytest.mark.parametrize("name", SIMULATED)
def test_simulated_instruments(name: str, tmp_path: Path) -> None:
    result = check_simulated(name, tmp_path, 50)
    assert not result.wrong and result.frames == 50


# ---------------------------------------------------------------- each alone


async def taken(stream: Transport, size: int | None = len(DATA)) -> list[Chunk]:
    """What comes until the end, or until there is as much."""
    chunks: list[Chunk] = []
    came = 0
    async with asyncio.timeout(120):
        while size is None or came < size:
            chunk = await stream.receive()
            if chunk is None:
                break
            chunks.append(chunk)
            came += len(chunk.data)
    return chunks


def joined(chunks: list[Chunk]) -> bytes:
    numbers = [chunk.stamp.number for chunk in chunks]
    assert numbers == sorted(set(numbers))
    times = [chunk.stamp.monotonic_ns for chunk in chunks]
    assert times == sorted(times)
    return b"".join(chunk.data for chunk in chunks)


async def _pieces(stream: Transport) -> None:
    for at in range(0, len(DATA), 1000):
        await stream.send(DATA[at : at + 1000])


def test_a_file(tmp_path: Path) -> None:
    async def run() -> bytes:
        (tmp_path / "file").write_bytes(DATA)
        stream = await transport.open(f"pipe:{tmp_path / 'file'}")
        chunks = await taken(stream, None)
        await stream.close()
        return joined(chunks)

    assert asyncio.run(run()) == DATA


def test_a_line_that_a_thread_reads() -> None:
    async def run() -> bytes:
        stream = await transport.open("serial:loop://?baud=115200")
        sending = asyncio.ensure_future(_pieces(stream))
        chunks = await taken(stream)
        await sending
        await stream.close()
        return joined(chunks)

    assert asyncio.run(run()) == DATA


def test_what_is_sent_to_a_line() -> None:
    import pty
    import tty

    async def run() -> None:
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        stream = await transport.open(f"serial:{os.ttyname(theirs)}?baud=115200")
        await stream.send(b"ack")
        assert os.read(ours, 10) == b"ack"
        await stream.close()
        os.close(ours)
        os.close(theirs)

    asyncio.run(run())


def test_a_ring_that_ends() -> None:
    async def run() -> bytes:
        name = f"test-{os.getpid()}"
        writer = await transport.open_target(f"ipc:{name}?size={len(DATA) + 1}")
        try:
            stream = await transport.open(f"ipc:{name}")
            sending = asyncio.ensure_future(_pieces(writer))
            chunks = await taken(stream)
            await sending
            await writer.close()
            assert await stream.receive() is None
            await stream.close()
            return joined(chunks)
        finally:
            os.remove(path_of(name))

    assert asyncio.run(run()) == DATA


# ---------------------------------------------------------------- what ends them


def test_an_end_that_is_half_an_end_or_a_reset() -> None:
    """Who sends no more may be sent to; a reset is an error, after all that came."""

    async def run(reset: bool) -> tuple[bytes, bytes, str]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            stream = await transport.open(f"tcp://127.0.0.1:{server.getsockname()[1]}")
            peer, _ = server.accept()
            peer.sendall(b"all of it")
            chunks = await taken(stream, 9)
            if reset:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.close()
                with pytest.raises(TransportError) as caught:
                    await stream.receive()
                await stream.close()
                return joined(chunks), b"", str(caught.value)
            peer.shutdown(socket.SHUT_WR)
            assert await stream.receive() is None
            await stream.send(b"x")
            got = await asyncio.to_thread(peer.recv, 1)
            await stream.close()
            peer.close()
            return joined(chunks), got, ""

    assert asyncio.run(run(False)) == (b"all of it", b"x", "")
    data, _, words = asyncio.run(run(True))
    assert data == b"all of it" and "reset" in words


def test_a_command_that_fails_is_an_error() -> None:
    async def run() -> None:
        stream = await transport.open(f"exec:{sys.executable} -c 'print(1); raise SystemExit(4)'")
        assert joined(await taken(stream, 2)) == b"1\n"
        with pytest.raises(TransportError, match="failed with exit code 4"):
            await stream.receive()
        await stream.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("tcq://a:1", "did you mean tcp://HOST:PORT"),
        ("tcp:a:1", "two slashes are missing"),
        ("tcp://a", "a port from 0 to 65535"),
        ("tcp://a:70000", "a port from 0 to 65535"),
        ("tcp://a:1?tsl=1", "did you mean 'tls'"),
        ("tcp://a:1?tls=yes", "0 or 1 is wanted"),
        ("tcp://a:1?tls", "has no value"),
        ("serial:x?baud=fast", "a number is wanted"),
        ("serial:x?parity=strange", "one of none, even, odd, mark, space"),
        ("tcp-listen://:0?tls=1", "a server needs a certificate"),
        ("tcp://a:1?ca=x", "ca is for tls=1"),
        ("udp:", "udp://HOST:PORT is wanted"),
        ("ipc:a/b", "a plain name is wanted"),
        ("x", "the URI of no transport"),
    ],
)
def test_what_is_wrong_with_a_uri_is_said(uri: str, says: str) -> None:
    async def run() -> None:
        stream = await (transport.listen(uri) if "listen" in uri else transport.open(uri))
        await stream.close()

    with pytest.raises(UsageError, match=says.replace("?", r"\?")):
        asyncio.run(run())


@pytest.mark.parametrize(
    "uri", ["tcp://127.0.0.1:1", "unix:absent", "pipe:absent", "tail:absent", "serial:/dev/absent", "ipc:absent",
            "exec:absent-command", "udp://256.0.0.1:1"]
)  # fmt: skip
def test_what_cannot_be_opened_is_said(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TransportError) as caught:
        asyncio.run(transport.open(uri))  # type: ignore[arg-type]
    assert str(caught.value).startswith(uri)
