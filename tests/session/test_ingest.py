"""Ingestion: what comes in is kept, decoded, and passed on once, over stops, restarts and kills."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.errors import SigflowError, UsageError
from sigflow.events import Record
from sigflow.session import ingest, outlet
from sigflow.session.ingest import Ingestion, Outcome, Settings
from sigflow.session.sinks import Batching
from sigflow.storage.disk import Disk
from tools.kill_ingest import differences, kills
from tools.make_samples import sgf1
from tools.stop_ingest import stops

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the sources here are those of a Unix system")

SLIP = """
meta: {id: slipped, endian: be}
-sigflow-stream: {framing: {delimiter: 0xc0, stuffing: slip, last: open}, max-frame: 300}
seq: [{id: number, type: u2}, {id: text, size-eos: true}]
"""


def damaged(seed: int, count: int) -> bytes:
    """Frames of SGF1, with damage among them."""
    rng = random.Random(seed)
    out = bytearray()
    for number in range(count):
        out += sgf1(7, number, rng.randbytes(rng.randrange(80)))
        if rng.random() < 0.05:
            out += rng.randbytes(rng.randrange(1, 40))
        elif rng.random() < 0.05:
            out[-1] ^= 4
    return bytes(out)


def ingested(
    folder: Path,
    source: str,
    sinks: Sequence[str] = (),
    settings: Settings | None = None,
    format: str = "sgf1",
    *,
    meanwhile: Callable[[Ingestion], Awaitable[object]] | None = None,
    **named: Any,
) -> Outcome:
    async def run() -> Outcome:
        settings_ = settings or Settings(once=True)
        ingestion = Ingestion([source], [sigflow.load(format)], [format], str(folder), sinks, settings_, **named)
        beside = asyncio.ensure_future(meanwhile(ingestion)) if meanwhile is not None else None
        outcome = await ingestion.run()
        if beside is not None:
            await beside
        return outcome

    return asyncio.run(run())


def recorded(folder: Path, format: str = "sgf1") -> list[Record]:
    with sigflow.open(folder, sigflow.load(format)) as recording:
        return list(recording)


def test_all_sinks_have_each_frame_once_over_restarts(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    files = [f"{form}:{out}/a.{form}" for form in ("ndjson", "raw", "csv", "mcap")]
    sinks = [*files, f"parquet:{out}/parquet", f"arrow:{out}/arrow"]
    source = tmp_path / "source"
    settings = Settings(once=True, batching=Batching(rows=60), segment_bytes=4000)
    frames = 0
    for life in range(3):
        source.write_bytes(damaged(life, 150))
        outcome = ingested(tmp_path / "session", f"pipe:{source}", sinks, settings)
        assert not outcome.failed and not outcome.sound
        assert differences(tmp_path, outcome.bytes) == ""
        assert len(recorded(tmp_path / "session")) == outcome.frames > frames
        frames = outcome.frames
    assert len(list((out / "parquet").iterdir())) >= 3


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """A share; `python -m tools.kill_ingest` does as many as are asked for."""
    assert kills(5, 11, tmp_path) == ""


def test_a_sink_that_comes_later_gets_all_of_it(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(damaged(1, 100))
    ingested(tmp_path / "session", f"pipe:{source}")
    outcome = ingested(tmp_path / "session", f"pipe:{source}", [f"raw:{tmp_path}/raw"])
    records = recorded(tmp_path / "session")
    assert len(records) == outcome.frames
    assert (tmp_path / "raw").read_bytes() == b"".join(record.raw for record in records)


def test_what_was_ended_is_gone_on_with_behind_an_end(tmp_path: Path) -> None:
    """The last unit of a capture may be open: it counted when the source ended, and it does afterwards."""
    spec = tmp_path / "slipped.ksy"
    spec.write_text(SLIP)
    source = tmp_path / "source"
    for text in (b"\xc0\0\1one\xc0\0\2two", b"\0\3three\xc0"):
        source.write_bytes(text)
        ingested(tmp_path / "session", f"pipe:{source}", [f"raw:{tmp_path}/raw"], format=str(spec))
    records = recorded(tmp_path / "session", str(spec))
    assert [record.value.text for record in records] == [b"one", b"two", b"three"]
    assert (tmp_path / "raw").read_bytes() == b"".join(record.raw for record in records)


def test_a_candidate_that_waits_too_long_is_abandoned_and_stays_so(tmp_path: Path) -> None:
    """Live, and read from the session afterwards."""
    os.mkfifo(tmp_path / "fifo")
    bad = bytearray(sgf1(7, 1, b"x" * 50))
    bad[18:22] = (60_000).to_bytes(4, "big")  # the length: it claims far more than comes
    seen: list[int] = []

    async def write(ingestion: Ingestion) -> None:
        def work() -> None:
            with open(tmp_path / "fifo", "wb", buffering=0) as file:
                file.write(sgf1(7, 0, b"first") + bad + sgf1(7, 2, b"held back"))
                until = time.monotonic() + 10
                while ingestion.frames < 2 and time.monotonic() < until:
                    time.sleep(0.01)
                seen.append(ingestion.frames)

        await asyncio.to_thread(work)

    settings = Settings(once=True, max_wait=0.1)
    ingested(tmp_path / "session", f"pipe:{tmp_path}/fifo", settings=settings, meanwhile=write)
    assert seen == [2]  # while the writer was still there
    with sigflow.open(tmp_path / "session", sigflow.load("sgf1")) as recording:
        report = recording.validate()
    assert report.frames == 2
    assert report.gaps[0].reasons[0] == "sgf1:abandoned"


def test_a_slow_sink_makes_the_source_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the sink is bounded, and nothing is lost."""
    monkeypatch.setattr(outlet, "BOUND", 50_000)
    data = b"".join(sgf1(7, n, bytes(900)) for n in range(1000))
    most = [0]

    class Slow:
        def __init__(self) -> None:
            self.frames: list[int] = []

        def __call__(self, position: tuple[int, int], record: Record) -> None:
            time.sleep(0.0002)
            self.frames.append(position[1])

    slow = Slow()
    monkeypatch.setattr("tests.session.calls.call", slow)

    async def serve(ingestion: Ingestion) -> None:
        while not ingestion.frames:
            await asyncio.sleep(0.005)
        while ingestion.frames < 1000:
            most[0] = max(most[0], *(out._held for out in ingestion._shared.outlets))
            await asyncio.sleep(0.005)

    source = tmp_path / "source"
    source.write_bytes(data)
    outcome = ingested(tmp_path / "session", f"pipe:{source}", ["python:tests.session.calls:call_it"], meanwhile=serve)
    assert outcome.frames == 1000 and slow.frames == list(range(1000))
    assert most[0] <= 50_000 + (256 << 10) * 2


def test_the_last_frames_reach_the_sinks_of_a_source_that_is_quiet(tmp_path: Path) -> None:
    """Nothing more comes, and the source stays: each form of file has them, for good."""
    source = tmp_path / "source"
    source.write_bytes(sgf1(7, 0, b"first"))
    sinks = [f"raw:{tmp_path}/raw", f"parquet:{tmp_path}/parquet"]
    seen: list[str] = []

    def done() -> bool:
        seen[:] = [path.name for path in (tmp_path / "parquet").glob("*.parquet")]
        whole = (tmp_path / "raw").read_bytes() == source.read_bytes()
        return whole and any(name.endswith("-000000000004.parquet") for name in seen)

    async def more(ingestion: Ingestion) -> None:
        with open(source, "ab", buffering=0) as file:
            for number in range(1, 4):
                while ingestion.frames < number:
                    await asyncio.sleep(0.005)
                file.write(sgf1(7, number, b"more"))
        until = time.monotonic() + 20
        while time.monotonic() < until and not done():
            await asyncio.sleep(0.01)
        seen.append("done" if done() else "")
        ingestion.stop()

    settings = Settings(batching=Batching(seconds=0.3))
    ingested(tmp_path / "session", f"tail:{source}?poll=0.01", sinks, settings, meanwhile=more)
    assert seen[-1] == "done"


def test_a_slow_sink_does_not_hold_up_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the rest when the session goes on."""
    monkeypatch.setattr(ingest, "STOPPING", 0.2)
    taken: list[int] = []
    pause = [0.01]

    def slow(position: tuple[int, int], record: Record) -> None:
        time.sleep(pause[0])
        taken.append(position[1])

    monkeypatch.setattr("tests.session.calls.call", slow)
    source = tmp_path / "source"
    source.write_bytes(b"".join(sgf1(7, n, bytes(90)) for n in range(2000)))
    stopped: list[float] = []
    told: list[str] = []

    async def stop(ingestion: Ingestion) -> None:
        while len(taken) < 5:
            await asyncio.sleep(0.005)
        stopped.append(time.monotonic())
        ingestion.stop()

    sinks = ["python:tests.session.calls:call_it", f"raw:{tmp_path}/raw"]
    outcome = ingested(
        tmp_path / "session", f"tail:{source}", sinks, Settings(), meanwhile=stop,
        told=lambda severity, words: told.append(words),
    )  # fmt: skip
    # (A barrier of frames that it has begun with is done.)
    assert len(taken) < 2000 or time.monotonic() - stopped[0] < 2
    assert not outcome.failed and outcome.frames == 2000
    pause[0] = 0.0
    ingested(tmp_path / "session", f"pipe:{source}", sinks, Settings(once=True))
    assert set(range(2000)) <= set(taken)
    assert told or len(taken) >= 2000


def test_ended_at_any_moment(tmp_path: Path) -> None:
    """A share; `python -m tools.stop_ingest` does as many as are asked for."""
    wrong, taken = stops(3, 3, tmp_path)
    assert wrong == "" and len(taken) == 3


def test_a_sink_that_fails_is_told_and_the_capture_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def failing(position: tuple[int, int], record: Record) -> None:
        if position[1] == 5:
            raise ValueError("no room")
        calls.append(position[1])

    monkeypatch.setattr("tests.session.calls.call", failing)
    source = tmp_path / "source"
    source.write_bytes(damaged(3, 50))
    sinks = ["python:tests.session.calls:call_it", f"raw:{tmp_path}/raw"]
    outcome = ingested(tmp_path / "session", f"pipe:{source}", sinks)
    assert len(outcome.failed) == 1 and "ValueError: no room" in outcome.failed[0]
    assert calls == [0, 1, 2, 3, 4]
    records = recorded(tmp_path / "session")
    assert (tmp_path / "raw").read_bytes() == b"".join(record.raw for record in records)
    # It is given again what it did not take for good, at least once.
    calls.clear()
    monkeypatch.setattr("tests.session.calls.call", lambda position, record: calls.append(position[1]))
    source.write_bytes(b"")
    assert not ingested(tmp_path / "session", f"pipe:{source}", sinks).failed
    assert calls == list(range(len(records)))


def test_what_cannot_be_kept_is_in_no_sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails when the raw capture is synced: that is told, nobody waits, and no sink has what may be lost."""

    def failing(self: Disk, descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    source = tmp_path / "source"
    source.write_bytes(damaged(3, 50))
    sinks = [f"raw:{tmp_path}/raw", f"parquet:{tmp_path}/parquet"]
    with monkeypatch.context() as patch:
        patch.setattr(Disk, "sync_data", failing)
        with pytest.raises(OSError, match=r"0\.seg"):
            ingested(tmp_path / "session", f"pipe:{source}", sinks)
    assert (tmp_path / "raw").read_bytes() == b"" and not list((tmp_path / "parquet").iterdir())
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("sigflow")]
    # A source that says nothing more does not keep it from being told, either.
    os.mkfifo(tmp_path / "fifo")

    async def write(ingestion: Ingestion) -> None:
        await asyncio.to_thread(lambda: files.append(open(tmp_path / "fifo", "wb", buffering=0)))  # noqa: SIM115
        files[0].write(source.read_bytes())

    files: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(Disk, "sync_data", failing)
        with pytest.raises(OSError, match=r"0\.seg"):
            ingested(tmp_path / "other", f"pipe:{tmp_path}/fifo", meanwhile=write)
    files[0].close()
    outcome = ingested(tmp_path / "session", f"pipe:{source}", sinks)
    records = recorded(tmp_path / "session")
    assert len(records) == outcome.frames
    assert (tmp_path / "raw").read_bytes() == b"".join(record.raw for record in records)


def test_a_checkpoint_that_cannot_be_read_is_done_without(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for life in range(2):
        source.write_bytes(damaged(life, 80))
        ingested(tmp_path / "session", f"pipe:{source}", [f"raw:{tmp_path}/raw"])
        with contextlib.closing(sqlite3.connect(tmp_path / "session" / "ledger.db")) as ledger:
            ledger.execute("INSERT OR REPLACE INTO checkpoints VALUES (0, 3, 100, '{\"version\": 9}')")
            ledger.execute("UPDATE positions SET frames = MIN(frames, 5) WHERE stream = 0")
            ledger.execute("UPDATE positions SET length = 0")
            ledger.commit()
    source.write_bytes(b"")
    ingested(tmp_path / "session", f"pipe:{source}", [f"raw:{tmp_path}/raw"])
    records = recorded(tmp_path / "session")
    assert (tmp_path / "raw").read_bytes() == b"".join(record.raw for record in records[5:])


def test_two_at_once_and_other_formats_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(damaged(3, 5))
    session = tmp_path / "session"

    async def second(ingestion: Ingestion) -> None:
        while not ingestion.frames:
            await asyncio.sleep(0.005)
        other = Ingestion(["exec:true"], [sigflow.load("sgf1")], ["sgf1"], str(session))
        with pytest.raises(SigflowError, match="another process acquires"):
            await other.run()
        ingestion.stop()

    ingested(session, f"tail:{source}", settings=Settings(), meanwhile=second)
    with pytest.raises(UsageError, match="begun with other formats"):
        ingested(session, f"pipe:{source}", format="ubx")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(UsageError, match="not empty, and no session"):
        ingested(tmp_path / "full", f"pipe:{source}")
    with pytest.raises(UsageError, match="it is a file"):
        ingested(source, f"pipe:{source}")
    (tmp_path / "mine").write_bytes(b"not ours")
    with pytest.raises(SigflowError, match="this session has not written it"):
        ingested(tmp_path / "other", f"pipe:{source}", [f"raw:{tmp_path}/mine"])
    assert (tmp_path / "mine").read_bytes() == b"not ours"


@pytest.mark.parametrize(
    "sink", ["parquet", "parquet:", "what:x", "python:x", "python:absent_module:f", "raw:absent/x"]
)
def test_what_is_no_sink(sink: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        ingested(tmp_path / "session", "exec:true", [sink])
    assert not (tmp_path / "session").exists()


def test_many_peers_each_a_stream_of_its_own(tmp_path: Path) -> None:
    parts = [damaged(seed, 60) for seed in range(7)]

    async def send(ingestion: Ingestion) -> None:
        while not (ports := [source.listener.port for source in ingestion._sources if source.listener]):  # type: ignore[attr-defined]
            await asyncio.sleep(0.005)

        async def send_all(data: bytes) -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", ports[0])
            for at in range(0, len(data), 333):
                writer.write(data[at : at + 333])
                await asyncio.sleep(0)
            writer.close()
            await writer.wait_closed()

        await asyncio.gather(*(send_all(part) for part in parts))
        # One who says nothing is no stream.
        _, silent = await asyncio.open_connection("127.0.0.1", ports[0])
        while ingestion.ended < len(parts):
            await asyncio.sleep(0.01)
        ingestion.stop()
        silent.close()

    outcome = ingested(tmp_path / "session", "tcp-listen://:0", [f"raw:{tmp_path}/raw"], Settings(), meanwhile=send)
    assert outcome.bytes == sum(map(len, parts))
    streams = sorted((tmp_path / "session" / "raw").iterdir())
    assert len(streams) == 7
    stored = sorted(b"".join(path.read_bytes() for path in stream.glob("*.seg")) for stream in streams)
    assert stored == sorted(parts)
    with pytest.raises(UsageError, match="has 7 streams"):
        sigflow.open(tmp_path / "session", sigflow.load("sgf1"))
    assert len((tmp_path / "raw").read_bytes()) == sum(
        len(record.raw) for stream in streams for record in recorded(stream)
    )


def test_the_status(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(damaged(3, 50))
    for commit, acknowledged in ((0.0, True), (0.02, True), (None, False)):
        lines: list[dict[str, Any]] = []
        ingested(
            tmp_path / f"session {commit}", f"pipe:{source}", settings=Settings(once=True, commit=commit),
            status=lines.extend,
        )  # fmt: skip
        last = json.loads(json.dumps(lines[-1]))
        assert set(last) == {
            "source", "received", "acknowledged", "frames", "gap_bytes", "lost", "dropped", "age_ms"
        }  # fmt: skip
        assert last["received"] == source.stat().st_size
        assert last["acknowledged"] == (source.stat().st_size if acknowledged else None)


def test_threads_are_gone_afterwards(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(damaged(3, 50))
    ingested(tmp_path / "session", f"pipe:{source}", [f"raw:{tmp_path}/raw"])
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("sigflow")]
