"""Every transport against another end in a process of its own: the bytes are those that were sent, in any pieces."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from sigflow import transport
from sigflow.errors import UsageError
from sigflow.transport import Chunk, Transport, TransportError
from sigflow.transport.ring import path_of
from tests.lanes import TIMES
from tests.transport.peer import sent

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the other ends are those of a Unix system")

FRAMES = 300 * TIMES
SEED = 5
DATA = sent(SEED, FRAMES)


def peer(how: str, where: str, *, descriptors: tuple[int, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.transport.peer", how, where, str(SEED), str(FRAMES)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=descriptors,
    )


@contextlib.asynccontextmanager
async def running(how: str, where: str, *, descriptors: tuple[int, ...] = ()) -> AsyncIterator[subprocess.Popen[str]]:
    process = peer(how, where, descriptors=descriptors)
    try:
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)
        assert process.stdout is not None
        process.stdout.close()


async def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return (await asyncio.to_thread(process.stdout.readline)).strip()


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


# ---------------------------------------------------------------- the ways


async def by_tcp(folder: Path) -> list[Chunk]:
    async with running("tcp-server", "") as process:
        stream = await transport.open(f"tcp://127.0.0.1:{await line_of(process)}")
        chunks = await taken(stream)
        await stream.send(b"x")
        assert await stream.receive() is None  # half-closed: it could be sent to all the same
        await stream.close()
        return chunks


async def by_tcp_listen(folder: Path) -> list[Chunk]:
    listener = await transport.listen("tcp-listen://:0")
    async with running("tcp-client", f"127.0.0.1:{listener.port}"):  # type: ignore[attr-defined]
        stream = await listener.accept()
        chunks = await taken(stream, None)
        await stream.close()
        await listener.close()
        return chunks


async def by_unix(folder: Path) -> list[Chunk]:
    async with running("unix-server", str(folder / "s")) as process:
        await line_of(process)
        stream = await transport.open(f"unix:{folder / 's'}")
        chunks = await taken(stream)
        await stream.close()
        return chunks


async def by_unix_listen(folder: Path) -> list[Chunk]:
    listener = await transport.listen(f"unix-listen:{folder / 's'}")
    async with running("unix-client", str(folder / "s")):
        stream = await listener.accept()
        chunks = await taken(stream, None)
        await stream.close()
        await listener.close()
        return chunks


async def by_udp(folder: Path) -> list[Chunk]:
    stream = await transport.open("udp://127.0.0.1:0")
    async with running("udp", f"127.0.0.1:{stream.port}"):  # type: ignore[attr-defined]
        chunks = await taken(stream)
        await stream.close()
        assert not any(chunk.cuts for chunk in chunks)
        return chunks


async def by_fifo(folder: Path) -> list[Chunk]:
    os.mkfifo(folder / "fifo")
    stream = await transport.open(f"pipe:{folder / 'fifo'}")
    async with running("file", str(folder / "fifo")):
        chunks = await taken(stream, None)
        await stream.close()
        return chunks


async def by_file(folder: Path) -> list[Chunk]:
    (folder / "file").write_bytes(DATA)
    stream = await transport.open(f"pipe:{folder / 'file'}")
    chunks = await taken(stream, None)
    await stream.close()
    return chunks


async def by_command(folder: Path) -> list[Chunk]:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.transport import peer; peer.descriptor('1', "
    code += f"peer.fragments(peer.sent({SEED}, {FRAMES}), {SEED}))"
    (folder / "say.py").write_text(code)
    stream = await transport.open(f"exec:{sys.executable} {folder / 'say.py'}")
    chunks = await taken(stream, None)
    await stream.close()
    return chunks


async def by_tail(folder: Path) -> list[Chunk]:
    (folder / "log").touch()
    stream = await transport.open(f"tail:{folder / 'log'}?poll=5ms")
    async with running("file", str(folder / "log")):
        chunks = await taken(stream)
    await stream.close()
    return chunks


async def by_pty(folder: Path) -> list[Chunk]:
    import pty
    import tty

    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    stream = await transport.open(f"serial:{os.ttyname(theirs)}?baud=115200")
    async with running("descriptor", str(ours), descriptors=(ours,)):
        chunks = await taken(stream)
    await stream.send(b"ack")
    assert os.read(ours, 10) == b"ack"
    await stream.close()
    os.close(ours)
    os.close(theirs)
    return chunks


async def by_rfc2217(folder: Path) -> list[Chunk]:
    async with running("rfc2217", "") as process:
        stream = await transport.open(f"serial:rfc2217://127.0.0.1:{await line_of(process)}?baud=9600")
        chunks = await taken(stream)
        await stream.close()
        return chunks


async def by_loop(folder: Path) -> list[Chunk]:
    stream = await transport.open("serial:loop://?baud=115200")
    sending = asyncio.ensure_future(_pieces(stream))
    chunks = await taken(stream)
    await sending
    await stream.close()
    return chunks


async def _pieces(stream: Transport) -> None:
    for at in range(0, len(DATA), 1000):
        await stream.send(DATA[at : at + 1000])


async def by_ring(folder: Path) -> list[Chunk]:
    name = f"test-{os.getpid()}-{folder.name}"
    writer = await transport.open_target(f"ipc:{name}?size={len(DATA) + 1}")
    try:
        stream = await transport.open(f"ipc:{name}")
        sending = asyncio.ensure_future(_pieces(writer))
        chunks = await taken(stream)
        await sending
        await writer.close()
        assert await stream.receive() is None
        await stream.close()
        return chunks
    finally:
        os.remove(path_of(name))


WAYS: dict[str, Callable[[Path], Awaitable[list[Chunk]]]] = {
    way.__name__[3:]: way
    for way in (
        by_tcp, by_tcp_listen, by_unix, by_unix_listen, by_udp, by_fifo, by_file, by_command, by_tail, by_pty,
        by_rfc2217, by_loop, by_ring,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", WAYS)
def test_the_bytes_are_those_that_were_sent(name: str, tmp_path: Path) -> None:
    assert joined(asyncio.run(WAYS[name](tmp_path))) == DATA  # type: ignore[arg-type]


# ---------------------------------------------------------------- what ends them


def test_a_reset_is_an_error_after_all_that_came() -> None:
    async def run() -> tuple[bytes, str]:
        async with running("tcp-reset", "") as process:
            stream = await transport.open(f"tcp://127.0.0.1:{await line_of(process)}")
            chunks = await taken(stream)
            await stream.send(b"x")
            with pytest.raises(TransportError) as caught:
                await stream.receive()
            await stream.close()
            return joined(chunks), str(caught.value)

    data, words = asyncio.run(run())
    assert data == DATA and "reset" in words


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
