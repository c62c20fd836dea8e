"""What is lost on the way, and what is said of it: overflow, reconnects, rotation, overruns."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigflow import transport
from sigflow.reasons import OVERFLOW
from sigflow.stream.cuts import BOUNDARY, RECONNECT
from sigflow.transport import Chunk, Cut, Note, TransportError, ring
from sigflow.transport.again import Reconnecting
from sigflow.transport.base import Clock
from sigflow.transport.inbox import Inbox
from sigflow.transport.ring import RingReader, RingWriter, path_of

unix = pytest.mark.skipif(sys.platform == "win32", reason="of a Unix system")

# ---------------------------------------------------------------- the inbox

STEPS = st.lists(st.one_of(st.integers(1, 40), st.just("take"), st.just("cut"), st.just("note")), max_size=60)


@settings(max_examples=300)
@given(STEPS, st.sampled_from(["drop-newest", "drop-oldest"]))
def test_every_dropped_byte_is_in_a_cut(steps: list[int | str], overflow: str) -> None:
    """What is taken and the known holes between, in order, are as long as what came, and stand where it came from."""

    async def run() -> None:
        inbox = Inbox(Clock("x"), bound=100, overflow=overflow, join=False)
        came, put = bytearray(), 0
        taken: list[Chunk] = []
        notes = reconnects = 0
        for step in steps:
            if step == "take":
                if put > len(taken) and inbox._chunks:
                    chunk = await inbox.get()
                    assert chunk is not None
                    taken.append(chunk)
            elif step == "cut":
                reconnects += 1
                inbox.put(b"", Cut(RECONNECT))
            elif step == "note":
                notes += 1
                inbox.note(Note("x", ""))
            else:
                data = bytes((len(came) + n) % 251 for n in range(int(step)))
                came += data
                put += 1
                inbox.put(data)
                assert inbox._held <= 100
        inbox.end()
        while (chunk := await inbox.get()) is not None:
            taken.append(chunk)
        at = 0
        for chunk in taken:
            for cut in chunk.cuts:
                assert (cut.kind == OVERFLOW) == (cut.missing is not None)
                at += cut.missing or 0
            assert chunk.data == bytes(came[at : at + len(chunk.data)])
            at += len(chunk.data)
        assert at == len(came) == inbox.received
        assert inbox.dropped == len(came) - sum(len(chunk.data) for chunk in taken)
        assert sum(len(chunk.notes) for chunk in taken) == notes
        assert sum(cut.kind == RECONNECT for chunk in taken for cut in chunk.cuts) == reconnects

    asyncio.run(run())


def test_who_can_wait_is_made_to() -> None:
    async def run() -> list[str]:
        calls: list[str] = []
        inbox = Inbox(Clock("x"), bound=100, pause=lambda: calls.append("pause"), resume=lambda: calls.append("go"))
        for _ in range(7):
            inbox.put(bytes(10))
        await inbox.get()
        inbox.end()
        assert await inbox.get() is None and inbox.dropped == 0
        return calls

    assert asyncio.run(run()) == ["pause", "go"]


# ---------------------------------------------------------------- connections made anew


@unix
def test_a_connection_is_made_anew_and_that_is_a_cut() -> None:
    """A server that takes a connection after another, and lets each go after some bytes."""
    rng = random.Random(3)
    parts = [rng.randbytes(rng.randrange(1, 3000)) for _ in range(20)]

    async def run() -> tuple[list[bytes], int, list[str]]:
        left = list(parts)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(left.pop(0))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        uri = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        told: list[str] = []
        stream = Reconnecting(uri, lambda after: transport.open(uri), most=0.01, told=told.append)
        pieces: list[bytes] = [b""]
        async with asyncio.timeout(60):
            while sum(map(len, pieces)) < sum(map(len, parts)):
                chunk = await stream.receive()
                assert chunk is not None
                for cut in chunk.cuts:
                    assert cut == Cut(RECONNECT)
                    pieces.append(b"")
                pieces[-1] += chunk.data
        described = stream.describe()
        assert described["received"] == sum(map(len, parts))
        await stream.close()
        assert await stream.receive() is None
        server.close()
        return pieces, described["reconnects"], told

    pieces, reconnects, told = asyncio.run(run())
    assert pieces == parts and reconnects == 19
    assert all(words.endswith("the other end closed; connecting again") for words in told)


def test_who_is_not_there_is_tried_again_with_longer_waits() -> None:
    async def run() -> list[str]:
        tries: list[float] = []
        told: list[str] = []

        async def opened(after: transport.Transport | None) -> transport.Transport:
            tries.append(asyncio.get_running_loop().time())
            raise TransportError("nobody there")

        stream = Reconnecting("x", opened, told=told.append, chance=lambda: 1.0)
        reading = asyncio.ensure_future(stream.receive())
        await asyncio.sleep(0.5)
        await stream.close()
        assert await asyncio.wait_for(reading, 1) is None
        waits = [after - before for before, after in itertools.pairwise(tries)]
        assert waits == sorted(waits) and 2 <= len(waits) <= 3
        return told

    assert set(asyncio.run(run())) == {"nobody there; trying again"}


# ---------------------------------------------------------------- files that grow


@unix
@pytest.mark.parametrize("how", ["name", "truncate"])
def test_rotation_is_seen_and_told(how: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one ")

    async def run() -> list[Chunk]:
        stream = await transport.open(f"tail:{log}?poll=2ms")
        chunks: list[Chunk] = []

        async def more() -> None:
            chunk = await asyncio.wait_for(stream.receive(), 10)
            assert chunk is not None
            chunks.append(chunk)

        await more()
        with log.open("ab") as file:
            file.write(b"two ")
        if how == "name":
            os.rename(log, tmp_path / "log.1")
            log.write_bytes(b"three")
        else:
            await more()
            os.truncate(log, 0)
            await asyncio.sleep(0.05)
            with log.open("ab") as file:
                file.write(b"3")
        while not chunks[-1].cuts:
            await more()
        assert stream.describe()["rotations"] == 1
        await stream.close()
        return chunks

    chunks = asyncio.run(run())
    assert b"".join(chunk.data for chunk in chunks) == (b"one two three" if how == "name" else b"one two 3")
    assert [chunk.cuts for chunk in chunks if chunk.cuts] == [(Cut(BOUNDARY if how == "name" else RECONNECT),)]
    assert chunks[-1].notes[0].what == ("rotated" if how == "name" else "truncated")


@unix
def test_a_file_that_is_rotated_all_the_time_loses_nothing(tmp_path: Path) -> None:
    rng = random.Random(8)
    written = bytearray()

    async def run() -> bytes:
        log = tmp_path / "log"
        log.touch()
        stream = await transport.open(f"tail:{log}?poll=1ms")

        async def write() -> None:
            for number in range(40):
                data = rng.randbytes(rng.randrange(500))
                with log.open("ab") as file:
                    file.write(data)
                written.extend(data)
                await asyncio.sleep(rng.choice((0, 0.002, 0.004)))
                if number % 5 == 4:
                    os.rename(log, tmp_path / f"log.{number}")
                    log.touch()
                    # (Two rotations between two looks hide a file: that cannot be seen.)
                    await asyncio.sleep(0.02)
            with log.open("ab") as file:
                file.write(b"the end")
            written.extend(b"the end")

        writing = asyncio.ensure_future(write())
        came = bytearray()
        async with asyncio.timeout(30):
            while not came.endswith(b"the end"):
                chunk = await stream.receive()
                assert chunk is not None
                came += chunk.data
        await writing
        await stream.close()
        return bytes(came)

    assert asyncio.run(run()) == bytes(written)


async def _said(stream: transport.Transport, until: bytes) -> list[Chunk]:
    """What comes up to these bytes."""
    chunks: list[Chunk] = []
    async with asyncio.timeout(20):
        while not b"".join(chunk.data for chunk in chunks).endswith(until):
            chunk = await stream.receive()
            assert chunk is not None
            chunks.append(chunk)
    return chunks


@unix
@pytest.mark.parametrize("newest", ["least", "greatest", "date"])
def test_files_between_two_looks_are_found(newest: str, tmp_path: Path) -> None:
    """Rotated more than once before it is looked again, whatever the files are called then."""
    log = tmp_path / "log"
    log.write_bytes(b"one ")
    for name in ("log.7", "log.old", "log.err", "login", "log.2.gz"):
        (tmp_path / name).write_bytes(b"of others ")

    def rotate(turn: int) -> None:
        if newest == "least":
            for number in range(turn, 0, -1):
                os.rename(f"{log}.{number}", f"{log}.{number + 1}")
        os.rename(log, {"least": f"{log}.1", "greatest": f"{log}.{10 + turn}", "date": f"{log}-2026010{turn}"}[newest])

    async def run() -> list[Chunk]:
        stream = await transport.open(f"tail:{log}?poll=1ms")
        chunks = await _said(stream, b"one ")
        for turn, text in enumerate((b"two ", b"three ", b"four ", b"five")):
            rotate(turn)
            log.write_bytes(text)
        chunks += await _said(stream, b"five")
        with log.open("ab") as file:
            file.write(b" six")
        rotate(4)
        log.write_bytes(b" seven")
        chunks += await _said(stream, b" seven")
        await stream.close()
        return chunks

    chunks = asyncio.run(run())
    assert b"".join(chunk.data for chunk in chunks) == b"one two three four five six seven"
    assert [cut.kind for chunk in chunks for cut in chunk.cuts] == [BOUNDARY] * 5
    assert {note.what for chunk in chunks for note in chunk.notes} == {"rotated"}


@unix
def test_that_a_file_may_have_been_missed_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one ")

    async def run() -> list[Chunk]:
        stream = await transport.open(f"tail:{log}?poll=1ms")
        chunks = await _said(stream, b"one ")
        os.remove(log)
        (tmp_path / "log.1").write_bytes(b"two ")
        log.write_bytes(b"three")
        chunks += await _said(stream, b"three")
        await stream.close()
        return chunks

    chunks = asyncio.run(run())
    assert b"".join(chunk.data for chunk in chunks) == b"one two three"
    assert "perhaps-missed" in {note.what for chunk in chunks for note in chunk.notes}
    assert RECONNECT in {cut.kind for chunk in chunks for cut in chunk.cuts}


@unix
def test_a_file_that_has_grown_beyond_what_was_read_after_a_truncation(tmp_path: Path) -> None:
    """Its size does not tell; the bytes before the place do."""
    log = tmp_path / "log"
    log.write_bytes(b"one two three ")

    async def run() -> list[Chunk]:
        stream = await transport.open(f"tail:{log}?poll=1ms")
        chunks = await _said(stream, b"three ")
        with log.open("r+b") as file:
            file.truncate(0)
            file.write(b"four five six seven eight")
        chunks += await _said(stream, b"eight")
        await stream.close()
        return chunks

    chunks = asyncio.run(run())
    assert b"".join(chunk.data for chunk in chunks) == b"one two three four five six seven eight"
    assert [chunk.cuts for chunk in chunks if chunk.cuts] == [(Cut(RECONNECT),)]
    assert "has grown again" in chunks[-1].notes[0].text


# ---------------------------------------------------------------- what stays while nobody is at the other end


def reconnecting(uri: str, told: Callable[[str], object] = lambda words: None) -> Reconnecting:
    async def opened(after: transport.Transport | None) -> transport.Transport:
        return await transport.open(uri, after=after)

    return Reconnecting(uri, opened, most=0.01, told=told)


@unix
def test_a_fifo_keeps_what_comes_between_two_ends(tmp_path: Path) -> None:
    """Writers are there for a moment only; what one has written just when the end of another was seen is not lost."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    at_the_end: list[bytes] = []

    def write(text: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)  # (which fails where nobody has it open)
        os.write(descriptor, text)
        os.close(descriptor)

    async def run() -> list[Chunk]:
        stream = reconnecting(f"pipe:{path}", lambda words: write(at_the_end.pop()))
        chunks: list[Chunk] = []
        for number in range(10):
            at_the_end.append(b"then %d" % number)
            reading = asyncio.ensure_future(_said(stream, at_the_end[0]))
            await asyncio.sleep(0.05)
            write(b"first, ")
            chunks += await reading
        await stream.close()
        return chunks

    chunks = asyncio.run(run())
    assert b"".join(chunk.data for chunk in chunks) == b"".join(b"first, then %d" % number for number in range(10))
    assert [cut for chunk in chunks for cut in chunk.cuts] == [Cut(RECONNECT)] * 10


def _write_ring(uri: str, text: bytes) -> None:
    """In a process of its own, which is killed as soon as it has written."""
    code = "from sigflow import transport; from sigflow.transport.ring import RingWriter; import os, signal; "
    code += f"RingWriter(transport.parse({uri!r})).write({text!r}); os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[2], check=False)


@unix
def test_a_writer_that_was_killed_is_noticed_and_the_next_one_followed() -> None:
    name = f"test-killed-{os.getpid()}"
    uri = f"ipc:{name}?size=4096"

    async def run() -> None:
        await asyncio.to_thread(_write_ring, uri, b"one ")
        plain = await transport.open(uri)
        assert (await _said(plain, b"one "))[-1].data == b"one "
        with pytest.raises(TransportError, match="the writer was killed"):
            await asyncio.wait_for(plain.receive(), 10)
        await plain.close()
        stream = reconnecting(uri)
        chunks = await _said(stream, b"one ")
        while not chunks[-1].cuts:
            chunk = await asyncio.wait_for(stream.receive(), 10)
            assert chunk is not None
            chunks.append(chunk)
        await asyncio.to_thread(_write_ring, uri, b"two")
        chunks += await _said(stream, b"two")
        # A writer that is there keeps the reader waiting.
        writer = RingWriter(transport.parse(uri))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.receive(), 0.6)
        writer.end()
        await stream.close()
        assert b"".join(chunk.data for chunk in chunks) == b"one two"
        assert [cut for chunk in chunks for cut in chunk.cuts] == [Cut(RECONNECT)]

    try:
        asyncio.run(run())
    finally:
        os.remove(path_of(name))


def test_a_cut_of_a_ring_is_where_the_next_writer_began() -> None:
    """Though a reader looks only afterwards."""
    name = f"test-begun-{os.getpid()}"

    async def run() -> list[Chunk]:
        first = RingWriter(transport.parse(f"ipc:{name}?size=4096"))
        first.write(b"one")
        reader = RingReader(transport.parse(f"ipc:{name}"))
        first.end()
        second = RingWriter(transport.parse(f"ipc:{name}?size=4096"))
        second.write(b"two")
        second.end()
        async with asyncio.timeout(10):
            chunks = [await reader.receive(), await reader.receive()]
            assert await reader.receive() is None
        await reader.close()
        return [chunk for chunk in chunks if chunk is not None]

    try:
        chunks = asyncio.run(run())
    finally:
        os.remove(path_of(name))
    assert [(chunk.data, chunk.cuts) for chunk in chunks] == [(b"one", ()), (b"two", (Cut(RECONNECT),))]


def test_what_a_killed_writer_may_have_overwritten_is_lost() -> None:
    """It was killed while it wrote over the oldest bytes; the next writer does not make them good."""
    name = f"test-torn-{os.getpid()}"

    async def run() -> Chunk | None:
        killed = RingWriter(transport.parse(f"ipc:{name}?size=4096"))
        killed.write(b"a" * 4096)
        reader = RingReader(transport.parse(f"ipc:{name}"))
        ring._NUMBER.pack_into(killed._map, ring.RESERVED, 4096 + 1000)
        killed._view[ring.DATA : ring.DATA + 500] = b"?" * 500
        killed._view.release()
        killed._map.close()
        os.close(killed._descriptor)
        after = RingWriter(transport.parse(f"ipc:{name}?size=4096"))
        after.write(b"b")
        chunk = await reader.receive()
        after.end()
        await reader.close()
        return chunk

    try:
        chunk = asyncio.run(run())
    finally:
        os.remove(path_of(name))
    assert chunk is not None and chunk.cuts == (Cut(OVERFLOW, 1000),) and chunk.data == b"a" * 3096


@unix
def test_a_ring_of_another_size_is_another_file() -> None:
    """A reader that has mapped the old one goes on with it, and notices that it is over."""
    name = f"test-size-{os.getpid()}"

    async def run() -> None:
        first = RingWriter(transport.parse(f"ipc:{name}?size=65536"))
        first.write(bytes(60_000))
        reader = RingReader(transport.parse(f"ipc:{name}"))
        first.end()
        second = RingWriter(transport.parse(f"ipc:{name}?size=4096"))
        second.write(b"new")
        chunk = await reader.receive()
        assert chunk is not None and len(chunk.data) == 60_000
        assert await reader.receive() is None
        after = RingReader(transport.parse(f"ipc:{name}"), after=reader)
        chunk = await after.receive()
        assert chunk is not None and chunk.data == b"new"
        second.end()
        for stream in (reader, after):
            await stream.close()

    try:
        asyncio.run(run())
    finally:
        os.remove(path_of(name))


@unix
def test_a_line_that_is_unplugged_is_opened_again(tmp_path: Path) -> None:
    """With waits; both moments are stamped, the end and the new connection."""
    import pty
    import tty

    path = tmp_path / "line"

    def plugged() -> tuple[int, int]:
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        path.symlink_to(os.ttyname(theirs))
        return ours, theirs

    async def run() -> list[Chunk]:
        line = plugged()
        stream = reconnecting(f"serial:{path}?baud=115200")
        reading = asyncio.ensure_future(stream.receive())
        await asyncio.sleep(0.2)
        os.write(line[0], b"one ")
        first = await asyncio.wait_for(reading, 10)
        assert first is not None
        path.unlink()
        for descriptor in line:
            os.close(descriptor)
        said = await asyncio.wait_for(stream.receive(), 10)
        assert said is not None and [note.what for note in said.notes] == ["disconnected"]
        reading = asyncio.ensure_future(stream.receive())
        await asyncio.sleep(0.2)
        line = plugged()
        again = await asyncio.wait_for(reading, 10)
        assert again is not None
        os.write(line[0], b"two")
        chunks = [first, said, again, *await _said(stream, b"two")]
        await stream.close()
        for descriptor in line:
            os.close(descriptor)
        return chunks

    chunks = asyncio.run(run())
    assert b"".join(chunk.data for chunk in chunks) == b"one two"
    assert chunks[2].cuts == (Cut(RECONNECT),)
    assert 0.1e9 < chunks[2].stamp.monotonic_ns - chunks[1].stamp.monotonic_ns < 5e9


# ---------------------------------------------------------------- the ring


def test_a_reader_that_is_overrun_knows_how_much_it_lost() -> None:
    rng = random.Random(4)
    name = f"test-overrun-{os.getpid()}"
    address = transport.parse(f"ipc:{name}?size=4096")

    async def run() -> None:
        writer = RingWriter(address)
        reader = RingReader(transport.parse(f"ipc:{name}"))
        written = bytearray()
        at = 0
        for _ in range(300):
            data = rng.randbytes(rng.choice((1, 100, 1500, 6000)))
            written += data
            await writer.send(data)
            if rng.random() < 0.5:
                while at < len(written):
                    chunk = await reader.receive()
                    assert chunk is not None
                    for cut in chunk.cuts:
                        assert cut.kind == OVERFLOW and cut.missing
                        at += cut.missing
                    assert chunk.data == written[at : at + len(chunk.data)]
                    at += len(chunk.data)
        assert reader.lost > 0
        late = RingReader(transport.parse(f"ipc:{name}"))
        await writer.close()
        last = await late.receive()
        assert last is not None and written.endswith(last.data) and len(last.data) == 4096
        assert await late.receive() is None
        await reader.close()
        await late.close()

    try:
        asyncio.run(run())
    finally:
        os.remove(path_of(name))


def test_one_writer_at_a_time() -> None:
    name = f"test-alone-{os.getpid()}"
    address = transport.parse(f"ipc:{name}?size=4096")
    try:
        writer = RingWriter(address)
        with pytest.raises(TransportError, match="another process writes it"):
            RingWriter(address)
        writer.write(b"abc")
        asyncio.run(writer.close())
        again = RingWriter(address)
        assert again.describe()["sent"] == 3
        asyncio.run(again.close())
    finally:
        os.remove(path_of(name))


# ---------------------------------------------------------------- datagrams


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the datagrams that it drops")
def test_what_the_system_drops_is_told_with_its_count() -> None:
    async def run() -> tuple[int, int, list[Chunk]]:
        stream = await transport.open("udp://127.0.0.1:0?boundary=frame")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            # Nobody takes them meanwhile: the loop does not run.
            for number in range(20_000):
                sender.sendto(number.to_bytes(4, "big") * 200, ("127.0.0.1", stream.port))  # type: ignore[attr-defined]
            await asyncio.sleep(0.2)
            sender.sendto(b"last", ("127.0.0.1", stream.port))  # type: ignore[attr-defined]
        chunks: list[Chunk] = []
        async with asyncio.timeout(20):
            while not chunks or chunks[-1].data != b"last":
                chunk = await stream.receive()
                assert chunk is not None
                chunks.append(chunk)
        dropped = stream.describe()["dropped_datagrams"]
        await stream.close()
        return len(chunks), dropped, chunks

    count, dropped, chunks = asyncio.run(run())
    assert dropped > 0 and count + dropped == 20_001
    assert sum(note.times for chunk in chunks for note in chunk.notes) == dropped
    assert any(Cut(OVERFLOW, None) in chunk.cuts for chunk in chunks)
    assert all(chunk.cuts[-1] == Cut(BOUNDARY) for chunk in chunks[1:])


def test_a_loop_that_watches_no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of Windows: a task takes the datagrams."""

    async def run() -> None:
        def absent(*arguments: object) -> None:
            raise NotImplementedError

        monkeypatch.setattr(type(asyncio.get_running_loop()), "add_reader", absent)
        stream = await transport.open("udp://127.0.0.1:0?boundary=frame")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(3):
                sender.sendto(b"%d" % number, ("127.0.0.1", stream.port))  # type: ignore[attr-defined]
                chunk = await asyncio.wait_for(stream.receive(), 10)
                assert chunk is not None and chunk.data == b"%d" % number
                assert bool(chunk.cuts) == bool(number)
        await stream.close()
        assert await stream.receive() is None

    asyncio.run(run())
