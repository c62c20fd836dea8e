"""`tap` and `top`: looking at an ingestion from another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sigflow
from sigflow.session.status import Rates, read_status
from sigflow.storage.session.following import Follower
from tools.make_samples import sgf1

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the source is that of a Unix system")


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sigflow", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_comes_in_is_seen_by_others(tmp_path: Path) -> None:
    session, fifo = tmp_path / "session", tmp_path / "fifo"
    os.mkfifo(fifo)
    ingest = command("ingest", f"pipe:{fifo}", "-s", "sgf1", "--to", str(session), "--once", "--fsync", "5")
    with open(fifo, "wb", buffering=0) as source:
        source.write(sgf1(7, 0, b"before"))
        until = time.monotonic() + 30
        while not list(session.glob("raw/0/*.idx")) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.2)
        tap = command("tap", str(session), "--format", "ndjson", "--where", "sequence > 1")
        all_of_it = command("tap", str(session), "--format", "ndjson", "--from-start", "--limit", "2")
        for looking in (tap, all_of_it):
            assert looking.stderr is not None
            assert "looking on" in looking.stderr.readline()
        bad = bytearray(sgf1(7, 3, b"bad"))
        bad[-1] ^= 1
        source.write(sgf1(7, 1, b"left out") + sgf1(7, 2, b"taken") + bad + sgf1(7, 4, b"too"))
        time.sleep(1.3)
        top = command("top", str(session), "--once", "--format", "ndjson")
        line = json.loads(top.communicate(timeout=30)[0])
    assert ingest.wait(30) == 3
    out, errors = tap.communicate(timeout=30)
    assert tap.returncode == 0, errors
    assert [json.loads(text)["value"]["sequence"] for text in out.splitlines()] == [2, 4]
    out, _ = all_of_it.communicate(timeout=30)
    assert [json.loads(text)["value"]["sequence"] for text in out.splitlines()] == [0, 1]
    assert line["source"] == f"pipe:{fifo}" and line["refused_percent"] == 20.0 and line["lost_percent"] == 20.0
    assert line["age_s"] < 30
    ingest.communicate()


def test_rates() -> None:
    def status(at: int, **counts: int) -> dict[str, object]:
        line = {"source": "x", "received": 0, "frames": 0, "lost": 0, "dropped": 0, "refused": 0, "reconnects": 0}
        return {"time_ns": at * 10**9, "sources": [{**line, "age_ms": 500.0, **counts}]}

    rates = Rates()
    first = rates.lines(status(1, frames=10), 10**9)[0]
    assert first["frames_per_s"] == 0 and first["age_s"] == 0.5
    second = rates.lines(status(3, frames=110, received=9000, refused=25, lost=100), 5 * 10**9)[0]
    assert (second["frames_per_s"], second["bytes_per_s"]) == (50, 4500)
    assert (second["refused_percent"], second["lost_percent"], second["age_s"]) == (20, 50, 2.5)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"time_ns": 1, "sources": [{}]}', '{"time_ns": "x", "sources": []}'])
def test_a_status_that_is_none(text: str, tmp_path: Path) -> None:
    assert read_status(str(tmp_path)) is None
    (tmp_path / "status.json").write_text(text)
    assert read_status(str(tmp_path)) is None


def test_segments_are_followed(tmp_path: Path) -> None:
    from tests.session.test_ingest import Settings, damaged, ingested

    source = tmp_path / "source"
    source.write_bytes(damaged(3, 50))
    for _ in range(3):
        ingested(tmp_path / "session", f"pipe:{source}", settings=Settings(once=True, segment_bytes=100))
    arrived = list(Follower(str(tmp_path / "session" / "raw" / "0"), from_start=True).more())
    assert b"".join(piece.data for piece in arrived) == source.read_bytes() * 3
    assert [piece.cut for piece in arrived if piece.cut] == ["concatenated"] * 2
    assert list(Follower(str(tmp_path / "session" / "raw" / "0")).more()) == []
    assert sigflow.load("sgf1")
