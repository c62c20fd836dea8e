"""What the system has dropped before it came to us: told with its own count, and kept with the capture."""

from __future__ import annotations

import array
import asyncio
import fcntl
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.session.ingest import Ingestion, Settings
from sigflow.storage.session.entries import NOTES
from sigflow.storage.session.reader import Contents
from sigflow.stream.cuts import OVERFLOW
from sigflow.transport.serial_line import TIOCGICOUNT
from tests.cli.calls import process
from tests.transport.ends import free_port
from tools.make_samples import sgf1

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts them")


def ingested(uri: str, folder: Path, meanwhile: Callable[[Ingestion], Awaitable[object]]) -> tuple[Contents, list[str]]:
    """What an ingestion has kept, and what it has told."""
    told: list[str] = []

    async def run() -> None:
        ingestion = Ingestion(
            [uri], [sigflow.load("sgf1")], ["sgf1"], str(folder), settings=Settings(),
            told=lambda severity, words: told.append(words),
        )  # fmt: skip
        running = asyncio.ensure_future(ingestion.run())
        await asyncio.sleep(0.3)
        await meanwhile(ingestion)
        ingestion.stop()
        await running

    asyncio.run(run())
    return Contents(str(folder / "raw" / "0")), told


def test_datagrams(tmp_path: Path) -> None:
    port, count = free_port(), 5000
    frame = sgf1(7, 0, bytes(1000))

    async def send(ingestion: Ingestion) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            # Nobody takes them meanwhile: the loop does not run.
            for _ in range(count):
                sender.sendto(frame, ("127.0.0.1", port))
            await asyncio.sleep(1.0)
            sender.sendto(frame, ("127.0.0.1", port))
        await asyncio.sleep(0.3)

    contents, told = ingested(f"udp://127.0.0.1:{port}", tmp_path / "session", send)
    lost = [entry.value for entry in contents.notes if NOTES[entry.code] == "dropped-datagrams"]
    assert sum(lost) > 0 and sum(lost) + contents.stored // len(frame) == count + 1
    assert any(cut.kind == OVERFLOW and cut.missing is None for cut in contents.cuts)
    assert f"udp://127.0.0.1:{port}: the system dropped datagrams ({sum(lost)} times)" in told


def test_a_serial_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pseudo-terminal has no such counts, and there is no line here: what the system says is put in its place."""
    import pty
    import tty

    counts, real = array.array("i", [0] * 20), fcntl.ioctl

    def ioctl(descriptor: int, request: int, *more: Any) -> Any:
        if request != TIOCGICOUNT:
            return real(descriptor, request, *more)
        more[0][:] = counts
        return 0

    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    monkeypatch.setattr(fcntl, "ioctl", ioctl)

    async def write(ingestion: Ingestion) -> None:
        os.write(ours, sgf1(7, 0, b"before"))
        await asyncio.sleep(0.1)
        counts[7], counts[10] = 3, 2  # overruns of the hardware, and of the system's buffer
        os.write(ours, sgf1(7, 2, b"behind"))
        await asyncio.sleep(0.1)
        counts[6] = 7
        os.write(ours, sgf1(7, 3, b"bad"))
        await asyncio.sleep(0.1)
        counts[9] = 2  # breaks, and nothing more comes

    uri = f"serial:{os.ttyname(theirs)}?baud=115200"
    contents, told = ingested(uri, tmp_path / "session", write)
    os.close(ours)
    os.close(theirs)
    kept = [(NOTES[entry.code], entry.value) for entry in contents.notes]
    assert kept == [("overruns", 3), ("buffer-overruns", 2), ("bad-frames", 7), ("breaks", 2)]
    assert [(cut.kind, cut.missing) for cut in contents.cuts] == [(OVERFLOW, None)]
    folder = str(tmp_path / "session")
    shown = json.loads(process(tmp_path, "session", "show", folder, "--format", "json").stdout)["streams"][0]
    assert shown["notes"] == dict(kept)
    text = process(tmp_path, "session", "show", folder).stdout.decode()
    assert text.startswith("stream 0: ") and "1 cut, overruns 3, buffer-overruns 2, bad-frames 7, breaks 2" in text
    assert f"{uri}: the line lost bytes in the hardware (3 times)" in told
    assert f"{uri}: the line had breaks (2 times)" in told
    assert any("is the baud rate right?" in words for words in told)
