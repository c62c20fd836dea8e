"""What is removed of a raw capture, and what is never."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from pathlib import Path

import pytest

import sigflow
from sigflow.cli import main
from sigflow.errors import UsageError
from sigflow.session import pipeline
from sigflow.session.ingest import Ingestion, Settings
from sigflow.session.retention import Retain, first_kept, retain_of
from sigflow.storage.session import layout
from sigflow.storage.session.entries import Head, packed_head
from sigflow.storage.session.reader import Contents
from tests.session.test_ingest import SLIP, damaged, ingested, recorded

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the sources here are those of a Unix system")


def test_what_a_size_or_an_age_is() -> None:
    assert retain_of("10GiB") == Retain(10 << 30, None) and retain_of("1.5kB") == Retain(1500, None)
    assert retain_of("7d") == Retain(None, 7 * 86400) and retain_of("90s") == Retain(None, 90)
    for text in ("", "7", "x", "-1d", "1e9B", "d", "1.2.3s", "\u0663d", "10 GiB"):
        with pytest.raises(UsageError, match="neither a size nor an age"):
            retain_of(text)


def slipped(life: int) -> bytes:
    """Units between delimiters."""
    rng = random.Random(life)
    texts = (rng.randbytes(40).replace(b"\xc0", b"").replace(b"\xdb", b"") for _ in range(60))
    return b"".join(b"\xc0" + text for text in texts) + b"\xc0"


def lives(folder: Path, retain: Retain | None, sinks: list[str], spec: str = "") -> int:
    """Ingests several captures into one session; how many segments are left."""
    for life in range(4):
        data = slipped(life) if spec else damaged(life, 60)

        async def write(ingestion: Ingestion, data: bytes = data) -> None:
            file = await asyncio.to_thread(open, folder / "fifo", "wb", 0)
            with file:
                for at in range(0, len(data), 500):
                    before = sum(source.counts()["acknowledged"] for source in ingestion._sources)
                    file.write(data[at : at + 500])
                    until = time.monotonic() + 10
                    while time.monotonic() < until and before == sum(
                        source.counts()["acknowledged"] for source in ingestion._sources
                    ):
                        await asyncio.sleep(0.002)

        (folder / "fifo").unlink(missing_ok=True)
        os.mkfifo(folder / "fifo")
        settings = Settings(once=True, commit=0.001, segment_bytes=700, retain=retain)
        outcome = ingested(folder / "session", f"pipe:{folder}/fifo", sinks, settings, spec or "sgf1", meanwhile=write)
        assert not outcome.failed
    return len(layout.segments(str(folder / "session" / "raw" / "0")))


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Barriers, commits of sinks and removals come with each commit."""
    monkeypatch.setattr(pipeline, "BARRIER", 0.0)
    monkeypatch.setattr(pipeline, "EVERY", 0.0)
    monkeypatch.setattr("sigflow.session.sinks.EVERY", 0.0)


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("framing", ["", "slip"])
def test_what_is_left_is_what_it_was(tmp_path: Path, framing: str) -> None:
    """Frames keep their offsets; sinks have all; the verdict tells what was removed as neither gap nor damage."""
    spec = ""
    if framing:
        (tmp_path / "slipped.ksy").write_text(SLIP)
        spec = str(tmp_path / "slipped.ksy")
    for name, retain in (("all", None), ("some", Retain(2500, None))):
        (tmp_path / name).mkdir()
        sinks = [f"ndjson:{tmp_path}/{name}/a.ndjson", f"raw:{tmp_path}/{name}/a.raw"]
        left = lives(tmp_path / name, retain, sinks, spec)
    assert left <= 8
    whole, lines = ((tmp_path / name / "a.ndjson").read_text().splitlines() for name in ("all", "some"))
    offsets = [json.loads(line)["offset"] for line in whole]
    assert [json.loads(line)["offset"] for line in lines] == offsets
    assert (tmp_path / "some" / "a.raw").read_bytes() == (tmp_path / "all" / "a.raw").read_bytes()
    format = sigflow.load(spec or "sgf1")
    session = tmp_path / "some" / "session"
    contents = Contents(str(session / "raw" / "0"))
    removed = contents.cuts[0]
    assert (removed.kind, removed.offset) == ("removed", 0) and removed.missing and not contents.damage
    assert [record.start for record in recorded(session, spec or "sgf1")] == [
        offset for offset in offsets if offset >= removed.missing
    ]
    gaps = {}
    for name in ("some", "all"):
        with sigflow.open(tmp_path / name / "session", format) as recording:
            gaps[name] = [event.span for event in recording.events() if isinstance(event, sigflow.Gap)]
            report = recording.validate()
    assert gaps["some"] == [span for span in gaps["all"] if span.start >= removed.missing]
    with sigflow.open(session, format) as recording:
        report = recording.validate()
    assert report.idle_bytes >= removed.missing
    if not framing:
        assert main(["recover", str(session), "-o", str(tmp_path / "good"), "-s", "sgf1"]) == 3
        assert (tmp_path / "good").read_bytes() == b"".join(record.raw for record in recorded(session))
    assert report.gap_bytes == sum(map(len, gaps["some"]))


@pytest.mark.usefixtures("often")
def test_a_sink_that_comes_later_gets_what_is_left_and_is_told(tmp_path: Path) -> None:
    lives(tmp_path, Retain(2500, None), [f"ndjson:{tmp_path}/a.ndjson"])
    told: list[str] = []
    (tmp_path / "fifo").unlink()
    (tmp_path / "fifo").write_bytes(b"")
    sinks = [f"ndjson:{tmp_path}/a.ndjson", f"ndjson:{tmp_path}/late.ndjson"]
    ingested(
        tmp_path / "session", f"pipe:{tmp_path}/fifo", sinks, told=lambda severity, words: told.append(words)
    )  # fmt: skip
    first, late = ((tmp_path / f"{name}.ndjson").read_text().splitlines() for name in ("a", "late"))
    assert 0 < len(late) < len(first) and first[-len(late) :] == late
    assert any("were removed before it had them" in words for words in told)


@pytest.mark.usefixtures("often")
def test_nothing_goes_that_a_sink_may_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sink that has ended holds all of it."""
    calls: list[int] = []

    def call(position: tuple[int, int], record: object) -> None:
        calls.append(position[1])
        raise ValueError("no more")

    monkeypatch.setattr("tests.session.calls.call", call)
    source = tmp_path / "source"
    source.write_bytes(damaged(3, 200))
    settings = Settings(once=True, segment_bytes=700, retain=Retain(1000, None))
    outcome = ingested(tmp_path / "session", f"pipe:{source}", ["python:tests.session.calls:call_it"], settings)
    assert outcome.failed and calls
    assert Contents(str(tmp_path / "session" / "raw" / "0")).begin is None


def test_age_and_size(tmp_path: Path) -> None:
    stream = str(tmp_path)
    for number in range(4):
        Path(layout.segment(stream, number)).write_bytes(bytes(10))
        Path(layout.index(stream, number)).write_bytes(packed_head(Head(number, 10 * number, "")))
        os.utime(layout.segment(stream, number), (1000 * number, 1000 * number))
    beginnings = dict.fromkeys(range(4))
    assert first_kept(stream, Retain(None, 1500), beginnings, 100, now=3000) == 2
    assert first_kept(stream, Retain(None, 1500), beginnings, 15, now=3000) == 1
    assert first_kept(stream, Retain(None, 1500), {}, 100, now=3000) is None
    assert first_kept(stream, Retain(None, 0), beginnings, 100, now=9000) == 3  # never the newest
    assert first_kept(stream, Retain(25, None), beginnings, 100) == 2
