"""What an ingestion takes: bytes acknowledged a second, how late they are, what memory-only and tables reach.

    python -m tools.bench_ingest [WHAT ...] [--seconds N] [--repeats N] [--folder DIR] [--memory DIR] [--json FILE]

WHAT is of these, each a table; all of them where none is named:

    disk      bytes acknowledged a second at saturation over loopback TCP, and in turn what `fdatasync` of 1 MiB groups
              in a preallocated file of the same folder gives
    late      how long after a byte was received it is acknowledged, at 20 MB/s
    memory    to the ledger with `--fsync never`, the segments in a memory file system
    parquet   the same with a Parquet sink there, and in turn what one process does offline with the same bytes
    events    from the byte to the event, at 10,000 frames a second
    slow      a sink slower than its source: memory, what waits, and whether every byte is accounted for

The frames are of SGF1, 90 bytes; a process of its own sends them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# So that it measures this checkout, installed or not.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import sigflow
from sigflow.session import pipeline as pipelines
from sigflow.session.ingest import Ingestion, Outcome, Settings
from sigflow.session.outlet import Outlet
from sigflow.storage.session.reader import Contents
from tools.bench_parser import make_capture
from tools.figures import Cell, Figures

GROUP = 1 << 20
#: Bytes that a source sends again and again.
BLOCK = 8 << 20
LATE_RATE = 20_000_000
EVENT_RATE = 10_000


# ---------------------------------------------------------------- a source in a process of its own


@contextmanager
def source(data: bytes, *, total: int, per_second: float = 0.0, piece: int = 1 << 18) -> Iterator[str]:
    """The URI of a server that sends `data` again and again to the first who connects, `total` bytes in all.

    per_second: bytes, at their times; 0: as fast as they are taken.
    """
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    child = os.fork()
    if not child:
        try:
            peer, _ = server.accept()
            view = memoryview(data)
            sent, start = 0, time.perf_counter()
            while sent < total:
                at = sent % len(data)
                size = min(piece, len(data) - at, total - sent)
                if per_second:
                    time.sleep(max(start + sent / per_second - time.perf_counter(), 0))
                peer.sendall(view[at : at + size])
                sent += size
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(1 << 16):
                pass
        except OSError:
            pass  # who received it is through
        finally:
            os._exit(0)
    server.close()
    try:
        yield f"tcp://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def frames(payload: int, size: int = BLOCK) -> bytes:
    """Whole frames, about so many bytes."""
    return make_capture(payload, size // (payload + 26))


def ingested(folder: str, uri: str, sinks: list[str], settings: Settings, beside: Any = None) -> tuple[Outcome, float]:
    """What came of it, and the seconds from the first byte to the end."""
    begun: list[float] = []

    async def run() -> Outcome:
        ingestion = Ingestion([uri], [sigflow.load("sgf1")], ["sgf1"], folder, sinks, settings)
        if beside is not None:
            asyncio.get_running_loop().create_task(beside(ingestion))
        return await ingestion.run()

    take = pipelines.Pipeline.take

    def taken(self: Any, chunk: Any) -> None:
        if not begun:
            begun.append(time.perf_counter())
        take(self, chunk)

    pipelines.Pipeline.take = taken  # type: ignore[method-assign]
    try:
        outcome = asyncio.run(run())
    finally:
        pipelines.Pipeline.take = take  # type: ignore[method-assign]
    assert not outcome.failed and (outcome.sound or beside is not None), outcome
    return outcome, time.perf_counter() - begun[0]


# ---------------------------------------------------------------- what is measured


def by_hand(folder: str, size: int) -> float:
    """Bytes a second that `fdatasync` after each 1 MiB gives, in a preallocated file."""
    path = os.path.join(folder, "groups")
    data = os.urandom(GROUP)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        start = time.perf_counter()
        for _ in range(size // GROUP):
            os.write(descriptor, data)
            os.fdatasync(descriptor)
        return size / (time.perf_counter() - start)
    finally:
        os.close(descriptor)
        os.remove(path)


def one_sync(folder: str, count: int = 100) -> float:
    """Seconds of an `fdatasync` of what comes in 20 ms at `LATE_RATE`: the 99th percentile."""
    path = os.path.join(folder, "groups")
    data = os.urandom(LATE_RATE // 50)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    taken = []
    try:
        os.posix_fallocate(descriptor, 0, len(data) * count)
        for _ in range(count):
            os.write(descriptor, data)
            start = time.perf_counter()
            os.fdatasync(descriptor)
            taken.append(time.perf_counter() - start)
            time.sleep(0.01)
    finally:
        os.close(descriptor)
        os.remove(path)
    return percentile(taken, 99)


def percentile(values: list[float], percent: float) -> float:
    """The smallest value that so many percent of them do not exceed."""
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


Rows = list[tuple[Cell, ...]]


def disk(asked: argparse.Namespace) -> tuple[tuple[str, ...], Rows]:
    """At saturation, and by hand."""
    data, rows = frames(998), []
    size = max(int(asked.seconds * 100), 64) << 20
    for _ in range(asked.repeats):
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            before = by_hand(folder, size)
            with source(data, total=size // len(data) * len(data)) as uri:
                outcome, seconds = ingested(os.path.join(folder, "s"), uri, [], Settings(once=True))
            after = by_hand(folder, size)
        mean = (before + after) / 2
        rows.append((outcome.bytes / seconds / 1e6, before / 1e6, after / 1e6, outcome.bytes / seconds / mean))
    return ("acknowledged MB/s", "by hand before", "after", "ratio"), rows


def late(asked: argparse.Namespace) -> tuple[tuple[str, ...], Rows]:
    """How late the acknowledgement is."""
    data, rows = frames(998), []
    for _ in range(asked.repeats):
        waiting: list[tuple[int, float]] = []
        delays: list[float] = []
        take, commit = pipelines.Pipeline.take, pipelines.StreamWriter.commit

        def taken(self: Any, chunk: Any, take: Any = take, waiting: Any = waiting) -> None:
            take(self, chunk)
            waiting.append((self.writer.offset, chunk.stamp.monotonic_ns / 1e9))

        def committed(self: Any, commit: Any = commit, waiting: Any = waiting, delays: Any = delays) -> int:
            offset: int = commit(self)
            now = time.monotonic()
            while waiting and waiting[0][0] <= offset:
                delays.append(now - waiting.pop(0)[1])
            return offset

        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            sync = one_sync(folder)
            pipelines.Pipeline.take, pipelines.StreamWriter.commit = taken, committed  # type: ignore[assignment, method-assign]
            try:
                total = int(LATE_RATE * asked.seconds)
                with source(data, total=total // len(data) * len(data), per_second=LATE_RATE, piece=1 << 15) as uri:
                    ingested(os.path.join(folder, "s"), uri, [], Settings(once=True))
            finally:
                pipelines.Pipeline.take, pipelines.StreamWriter.commit = take, commit  # type: ignore[method-assign]
            sync = max(sync, one_sync(folder))
        wanted = 0.02 + 2 * sync
        rows.append((statistics.median(delays) * 1e3, percentile(delays, 99) * 1e3, sync * 1e3, wanted * 1e3))
    return ("median ms", "p99 ms", "one sync, p99 ms", "20 ms + two syncs"), rows


def memory(asked: argparse.Namespace) -> tuple[tuple[str, ...], Rows]:
    """To the ledger, nothing waits for a disk."""
    rows: Rows = []
    for payload in (64, 998):
        data = frames(payload)
        total = max(int(asked.seconds * 200e6) // len(data), 4) * len(data)
        for _ in range(asked.repeats):
            with tempfile.TemporaryDirectory(dir=asked.memory) as folder, source(data, total=total) as uri:
                spent = time.process_time()
                outcome, seconds = ingested(os.path.join(folder, "s"), uri, [], Settings(once=True, commit=None))
                spent = time.process_time() - spent
            rows.append((payload + 26, outcome.bytes / seconds / 1e6, outcome.frames / seconds, spent / seconds))
    return ("bytes of a frame", "MB/s", "frames/s", "processor seconds a second"), rows


def parquet(asked: argparse.Namespace) -> tuple[tuple[str, ...], Rows]:
    """To a table, and offline."""
    rows: Rows = []
    for payload in (64, 998):
        data = frames(payload)
        total = max(int(asked.seconds * 30e6) // len(data), 2) * len(data)
        for _ in range(asked.repeats):
            with tempfile.TemporaryDirectory(dir=asked.memory) as folder:
                capture = os.path.join(folder, "capture")
                with open(capture, "wb") as file:
                    for _ in range(total // len(data)):
                        file.write(data)
                offline = alone(lambda capture=capture, folder=folder: to_parquet(capture, folder))  # type: ignore[misc]
                with source(data, total=total) as uri:
                    settings = Settings(once=True, commit=None)
                    outcome, seconds = ingested(os.path.join(folder, "s"), uri, [f"parquet:{folder}/out"], settings)
            live = outcome.bytes / seconds
            rows.append((payload + 26, live / 1e6, total / offline / 1e6, live / (total / offline)))
    return ("bytes of a frame", "live MB/s", "offline on one core", "ratio"), rows


def to_parquet(capture: str, folder: str) -> None:
    """The same decode, offline."""
    from sigflow.columns.files import WRITERS

    with sigflow.open(capture, sigflow.load("sgf1"), workers=1) as recording, open(f"{folder}/offline", "wb") as file:
        writer = None
        for batch in recording.batches(size=1 << 16):
            writer = writer or WRITERS["parquet"](file, batch.schema)
            writer.write(batch)
        if writer is not None:
            writer.close()


def alone(work: Callable[[], object]) -> float:
    """Seconds of this work in a process that has one core."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            start = time.perf_counter()
            work()
            os.write(writing, str(time.perf_counter() - start).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    return float(text)


def events(asked: argparse.Namespace) -> tuple[tuple[str, ...], Rows]:
    """From the byte to the event: from when a frame was due to when it is handed to the sinks."""
    rows: Rows = []
    size = 90

    async def until(ingestion: Ingestion) -> None:
        while ingestion.frames < EVENT_RATE * asked.seconds:
            await asyncio.sleep(0.05)
        ingestion.stop()

    for name, settings in (("20 ms", Settings()), ("never", Settings(commit=None))):
        for _ in range(asked.repeats):
            count = int(EVENT_RATE * asked.seconds)
            data = frames(size - 26, count * size)
            delays: list[float] = []
            put = Outlet.put

            def handed(self: Any, stream: int, pieces: Any, bytes_: int, delays: Any = delays, put: Any = put) -> None:
                now = time.monotonic_ns()
                for piece in pieces:
                    for record in piece:
                        stamp = record.stamps[1]
                        delays.append((now - stamp.monotonic_ns) / 1e9)
                put(self, stream, pieces, bytes_)

            Outlet.put = handed  # type: ignore[assignment]
            try:
                with (
                    tempfile.TemporaryDirectory(dir=asked.folder) as folder,
                    source(data, total=len(data), per_second=EVENT_RATE * size, piece=size) as uri,
                ):
                    ingested(os.path.join(folder, "s"), uri, [f"raw:{folder}/raw"], settings, until)
            finally:
                Outlet.put = put  # type: ignore[method-assign]
            rows.append(
                (name, len(delays), statistics.median(delays) * 1e3, percentile(delays, 99) * 1e3, max(delays) * 1e3)
            )
    return ("--fsync", "frames", "median ms", "p99 ms", "most ms"), rows


def resident() -> int:
    """Bytes of memory of this process now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def slow_call(position: tuple[int, int], record: Any) -> None:
    """A sink that takes 5,000 frames a second at most."""
    time.sleep(0.0002)


def slow(asked: argparse.Namespace) -> tuple[tuple[str, ...], Rows]:
    """A sink slower than its source."""
    data = frames(998)
    seen: list[tuple[float, int, int]] = []
    done: list[int] = []

    async def watch(ingestion: Ingestion) -> None:
        start = time.monotonic()
        while time.monotonic() - start < asked.seconds:
            await asyncio.sleep(asked.seconds / 20)
            held = sum(outlet._held for outlet in ingestion._shared.outlets)
            seen.append((time.monotonic() - start, resident(), held))
        done.append(ingestion.frames)
        ingestion.stop()

    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        session = os.path.join(folder, "s")
        with source(data, total=1 << 50) as uri:
            sinks = ["python:tools.bench_ingest:slow_call", f"raw:{folder}/raw"]
            outcome, seconds = ingested(session, uri, sinks, Settings(once=True), watch)
        stored = Contents(f"{session}/raw/0", verify=False).stored
        raw = os.path.getsize(f"{folder}/raw")
    whole = outcome.bytes == stored and raw == outcome.bytes - outcome.gap_bytes
    rows: Rows = [(at, now / 1e6, held / 1e6) for at, now, held in seen]
    rows.append(("all", outcome.bytes / seconds / 1e6, f"{outcome.frames} frames, {'exact' if whole else 'WRONG'}"))
    return ("seconds", "resident MB (all: MB/s)", "waiting MB"), rows


MEASURED = {"disk": disk, "late": late, "memory": memory, "parquet": parquet, "events": events, "slow": slow}


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=[[], *MEASURED], default=[])
    parser.add_argument("--seconds", type=float, default=5.0, help="about so long, each")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--folder", default=None, help="where the disk is that is measured")
    parser.add_argument("--memory", default="/dev/shm", help="a folder of a memory file system")
    parser.add_argument("--json", help="where the figures are kept")
    asked = parser.parse_args()
    figures = Figures("ingest", "python -m tools.bench_ingest")
    for name in asked.what or MEASURED:
        function = MEASURED[name]
        head, rows = function(asked)
        figures.table((function.__doc__ or name).strip().rstrip("."), head, rows)
    if asked.json:
        figures.keep(Path(asked.json))
    return 0


if __name__ == "__main__":
    sys.exit(main())
