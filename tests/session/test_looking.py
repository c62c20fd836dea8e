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
from sigflow.errors import UsageError
from sigflow.session import status
from sigflow.session.status import SessionStatus, StatusFile, session_status
from sigflow.storage.session.following import Follower
from tests.cli.calls import Call
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
    assert line["source"] == f"pipe:{fifo}" and line["checksum_failures_percent"] == 20.0
    assert line["lost_percent"] == 20.0 and 0 < line["age_s"] <= line["frame_age_s"] < 30
    ingest.communicate()


def test_a_transport_is_looked_at_directly() -> None:
    uri = "exec:python -m sigflow.simulator gnss --rate 0 --count 300"
    tap = command("tap", uri, "-s", "nmea0183", "-s", "ubx", "--format", "ndjson", "--kind", "GPRMC")
    out, errors = tap.communicate(timeout=30)
    assert tap.returncode == 0 and "looking on" in errors
    assert [json.loads(line)["index"] for line in out.splitlines()] == list(range(1, 300, 3))
    tap = command("tap", uri, "-s", "nmea0183", "-s", "ubx", "--rate", "1")
    out, errors = tap.communicate(timeout=30)
    assert 1 <= len(out.splitlines()) < 9 and "were not looked at, beyond --rate 1" in errors
    for words in ((uri,), ("nothing:x",), (uri, "-s", "sgf1", "--from-start"), ("tcp://127.0.0.1:1", "-s", "sgf1")):
        tap = command("tap", *words)
        out, errors = tap.communicate(timeout=30)
        assert tap.returncode in (1, 2) and out == "" and len(errors.splitlines()) == 1, errors


def test_rates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One look gives them: the file has the counts of some seconds ago."""
    clock = [1000 * 10**9]
    monkeypatch.setattr(status.time, "time_ns", lambda: clock[0])
    monkeypatch.setattr(status, "acquiring", lambda folder: running[0])
    (tmp_path / "raw").mkdir()
    (tmp_path / "session.json").write_text("{}")
    running = [True]
    assert session_status(tmp_path) == SessionStatus(True, None, ())
    file = StatusFile(str(tmp_path))
    for second in range(20):
        clock[0] = (1000 + second) * 10**9
        counts = {"received": 4500 * second, "frames": 60 * second, "lost": 40 * second, "refused": 20 * second}
        line = {"source": "x", "acknowledged": None, "gap_bytes": 9, "dropped": 3, "reconnects": 2, **counts}
        file.write([{**line, "age_ms": 400.0, "frame_age_ms": 500.0}])
        if second == 0:
            (first,) = session_status(tmp_path).sources
            assert first.frames_per_s == 0 and first.frame_age_s == 0.5 and first.acknowledged is None
    clock[0] += 2 * 10**9
    told = session_status(tmp_path)
    (source,) = told.sources
    assert (told.running, told.time_ns) == (True, 1019 * 10**9)
    assert (source.frames_per_s, source.bytes_per_s) == (60, 4500)
    assert (source.checksum_failures_percent, source.lost_percent) == (25, 40)
    assert (source.frame_age_s, source.age_s, source.dropped, source.reconnects) == (2.5, 2.4, 3, 2)
    clock[0] += 10**11  # the process hangs
    (source,) = session_status(tmp_path).sources
    assert (source.frames_per_s, source.frame_age_s) == (0, 102.5)
    clock[0] -= 10**11
    running[0] = False
    assert session_status(tmp_path).sources[0].frames_per_s == 0


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", '{"time_ns": 1, "before": null, "sources": [{}]}', '{"time_ns": "x", "sources": []}',
        '{"time_ns": 1, "before": 3, "sources": []}', "[" * 100_000,
    ],
)  # fmt: skip
def test_a_status_that_is_none(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no session"):
        session_status(tmp_path)
    (tmp_path / "raw").mkdir()
    (tmp_path / "session.json").write_text("{}")
    (tmp_path / "status.json").write_text(text)
    assert session_status(tmp_path) == SessionStatus(False, None, ())


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


def test_a_session_runs_no_program_by_itself(tmp_path: Path, sigflow: Call) -> None:
    """A session may be somebody else's: a Python file that it names is run where the command line says so only."""
    (tmp_path / "a.bin").write_bytes(b"\x01a\x02bc")
    (tmp_path / "mine.py").write_text(
        "from construct import Const, GreedyBytes, Int8ub, Prefixed, Struct\n"
        f"open({str(tmp_path / 'was-run')!r}, 'w').close()\n"
        'Frame = Struct("payload" / Prefixed(Int8ub, GreedyBytes))\n'
    )
    spec, session = f"{tmp_path / 'mine.py'}:Frame", tmp_path / "session"
    sigflow("ingest", f"pipe:{tmp_path / 'a.bin'}", "-s", spec, "--to", session, "--once")
    assert json.loads((session / "session.json").read_text())["formats"][0]["spec"] == spec
    (tmp_path / "was-run").unlink()
    for command in ("validate", "parse", "tap"):
        called = sigflow(command, session)
        assert called.code == 2
        assert f"would run {tmp_path / 'mine.py'}: name it with -s, or allow it (--allow-import" in called.err
        assert not (tmp_path / "was-run").exists()
    named = sigflow("validate", session, "-s", spec)
    assert named.code != 2
    allowed = sigflow("validate", session, "--allow-import", tmp_path / "mine.py")
    assert (allowed.code, allowed.out) == (named.code, named.out)
