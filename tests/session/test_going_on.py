"""Sources that keep what they gave: a process that was killed, or stopped, reads none of it twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sigflow
from sigflow.session.ingest import Ingestion, Settings
from sigflow.storage.session.reader import Contents, StreamStorage
from sigflow.transport.address import parse
from sigflow.transport.ring import RingWriter
from tests.session.test_ingest import damaged

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the sources here are those of a Unix system")


def stored(session: Path) -> bytes:
    """The raw capture."""
    contents = Contents(str(session / "raw" / "0"), verify=True)
    with StreamStorage(contents, "0") as storage:
        return storage.read(0, storage.size or 0)


def kinds(session: Path) -> list[str]:
    """The cuts of the raw capture."""
    return [cut.kind for cut in Contents(str(session / "raw" / "0"), verify=False).cuts]


@contextmanager
def ingesting(session: Path, uri: str) -> Iterator[subprocess.Popen[bytes]]:
    """An ingestion in a process of its own."""
    command = [sys.executable, "-m", "sigflow", "ingest", uri, "-s", "sgf1", "--to", str(session)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def until_stored(session: Path, data: bytes) -> None:
    """Wait until the raw capture has so many bytes."""
    end = time.monotonic() + 60
    while time.monotonic() < end and (not (session / "raw" / "0").exists() or len(stored(session)) < len(data)):
        time.sleep(0.02)
    assert stored(session) == data


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_file_that_grows_and_is_rotated_meanwhile(tmp_path: Path, how: signal.Signals) -> None:
    log, session, rng = tmp_path / "log", tmp_path / "session", random.Random(5)
    data = damaged(5, 400)
    places = sorted(rng.sample(range(100, len(data)), 4))
    first, second, third, fourth, fifth = (
        data[low:high] for low, high in zip([0, *places], [*places, len(data)], strict=True)
    )
    log.write_bytes(first)
    uri = f"tail:{log}?poll=0.01"
    with ingesting(session, uri) as process:
        until_stored(session, first)
        process.send_signal(how)
        process.wait(30)
    with log.open("ab") as file:
        file.write(second)
    with ingesting(session, uri) as process:
        until_stored(session, first + second)
        process.send_signal(how)
        process.wait(30)
    with log.open("ab") as file:
        file.write(third)
    for piece in (fourth, fifth):  # two rotations while nobody reads
        if (tmp_path / "log.1").exists():
            (tmp_path / "log.1").rename(tmp_path / "log.2")
        log.rename(tmp_path / "log.1")
        time.sleep(0.02)
        log.write_bytes(piece)
    with ingesting(session, uri) as process:
        until_stored(session, data)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    ends = ["concatenated"] * 2 if how == signal.SIGTERM else []
    assert kinds(session) == [*ends, "boundary", "boundary"]


def test_a_file_that_is_another_one_is_read_from_its_beginning(tmp_path: Path) -> None:
    log, session = tmp_path / "log", tmp_path / "session"
    log.write_bytes(damaged(1, 30))
    uri = f"tail:{log}?poll=0.01"
    with ingesting(session, uri) as process:
        until_stored(session, log.read_bytes())
        process.kill()
        process.wait(30)
    before = log.read_bytes()
    log.write_bytes(damaged(2, 40))  # (the same file, with other bytes)
    with ingesting(session, uri):
        until_stored(session, before + log.read_bytes())
    assert kinds(session) == ["reconnect"]
    before += log.read_bytes()
    log.rename(tmp_path / "elsewhere")
    log.write_bytes(damaged(3, 20))
    with ingesting(session, uri) as process:
        until_stored(session, before + log.read_bytes())
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    assert kinds(session) == ["reconnect", "reconnect"]
    assert b"may have been missed" in told


def test_a_ring(tmp_path: Path) -> None:
    session, data = tmp_path / "session", damaged(9, 100)
    address = parse(f"ipc:test-{os.getpid()}-going-on?size=65536")
    writer = RingWriter(address)
    try:
        writer.write(data[:3000])
        with ingesting(session, address.text) as process:
            until_stored(session, data[:3000])
            process.kill()
            process.wait(30)
        writer.write(data[3000:])
        with ingesting(session, address.text):
            until_stored(session, data)
        assert kinds(session) == []
    finally:
        writer.end()
        os.remove(writer._path)


def test_what_was_read_before_places_were_kept_is_read_as_ever(tmp_path: Path) -> None:
    """A session without a place, such as one of an older sigflow, begins with the file."""
    log, session = tmp_path / "log", tmp_path / "session"
    log.write_bytes(damaged(1, 30))

    async def once() -> None:
        ingestion = Ingestion([f"tail:{log}?poll=0.01"], [sigflow.load("sgf1")], ["sgf1"], str(session), (), Settings())
        running = asyncio.ensure_future(ingestion.run())
        end = time.monotonic() + 60
        while time.monotonic() < end and sum(source.counts()["received"] for source in ingestion._sources) % len(data):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        ingestion.stop()
        await running

    data = log.read_bytes()
    asyncio.run(once())
    import sqlite3

    with sqlite3.connect(session / "ledger.db") as database:
        database.execute("DELETE FROM places")
    database.close()
    asyncio.run(once())
    assert stored(session) == data * 2
