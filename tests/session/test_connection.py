"""`sigflow.connect`: the records of a live stream."""

from __future__ import annotations

import asyncio

import pytest

import sigflow
from sigflow import Gap, Record
from sigflow.errors import StreamError, UsageError
from sigflow.transport import TransportError
from tools.make_samples import sgf1

FRAMES = [sgf1(7, number, bytes([number]) * number) for number in range(20)]


async def served(*parts: bytes) -> tuple[asyncio.Server, str, list[bytes]]:
    """A server that gives each connection the next part and closes, and what it was sent."""
    left, sent = list(parts), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        part = left.pop(0)
        for at in range(0, len(part), 7):
            writer.write(part[at : at + 7])
            await asyncio.sleep(0)
        writer.write_eof()
        sent.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}", sent


def test_records_as_they_come() -> None:
    async def run() -> None:
        server, uri, sent = await served(b"noise" + b"".join(FRAMES))
        async with sigflow.connect(uri, sigflow.load("sgf1")) as session:
            await session.send(b"hello")
            records = [record async for record in session]
        assert [record.raw for record in records] == FRAMES
        assert all(record.stamps[0] is not None for record in records)
        assert session.statistics.gap_bytes == 5
        server.close()
        await asyncio.sleep(0.01)
        assert sent == [b"hello"]

    asyncio.run(run())


def test_a_connection_made_anew_is_a_cut() -> None:
    """A frame that the end of the first connection cuts is none with the bytes of the second."""

    async def run() -> None:
        half = FRAMES[5][:20]
        server, uri, _ = await served(FRAMES[0] + half, FRAMES[5][20:] + FRAMES[1])
        events = []
        async with sigflow.connect(f"{uri}?reconnect=0.01", sigflow.load("sgf1"), reconnect=True) as session:
            async for event in session.events():
                events.append(event)
                if isinstance(event, Record) and event.raw == FRAMES[1]:
                    break
        assert [event.raw for event in events if isinstance(event, Record)] == [FRAMES[0], FRAMES[1]]
        assert [len(event.span) for event in events if isinstance(event, Gap)] == [20, len(FRAMES[5]) - 20]
        server.close()

    asyncio.run(run())


def test_what_is_wrong_is_said() -> None:
    async def strict() -> None:
        server, uri, _ = await served(b"noise" + FRAMES[0])
        async with sigflow.connect(uri, sigflow.load("sgf1"), strict=True) as session:
            async for _ in session:
                pass
        server.close()

    async def absent() -> None:
        async with sigflow.connect("tcp://127.0.0.1:1", sigflow.load("sgf1")):
            pass

    async def early() -> None:
        async for _ in sigflow.connect("tcp://127.0.0.1:1", sigflow.load("sgf1")):
            pass

    with pytest.raises(StreamError):
        asyncio.run(strict())
    with pytest.raises(TransportError, match="cannot connect"):
        asyncio.run(absent())
    with pytest.raises(UsageError, match="async with"):
        asyncio.run(early())
