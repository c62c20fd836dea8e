"""The audit of a session: each event a row, over restarts; windows are a recount; a changed byte is found."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sigflow import Gap, Loss, Record
from sigflow.session.ingest import Settings
from sigflow.storage.session.operations import audited
from sigflow.watch.audit.report import WINDOWS
from tests.cli.calls import Call
from tests.session.test_ingest import ingested
from tools.check_alarms import SPEC, script

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the sources here are those of a Unix system")


COUNTED = ("frames", "bytes", "gaps", "gap_bytes", "checksum_failures", "lost")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of two lives, the second of which begins in the middle of a frame."""
    monkeypatch.chdir(tmp_path)
    Path("probe.ksy").write_text(SPEC)
    data = bytes(script(11, 40).data)
    for piece in (data[:40_007], data[40_007:]):
        Path("source").write_bytes(piece)
        ingested(Path("session"), "pipe:source", [], Settings(once=True, audit=True), "probe.ksy")
    return Path("session")


def events(folder: Path) -> list[Any]:
    import sigflow

    with sigflow.open(folder, "probe.ksy") as recording:
        return list(recording.events())


def test_windows_are_a_recount(session: Path, sigflow: Call) -> None:
    for window, length in WINDOWS.items():
        wanted: Counter[tuple[int | None, str]] = Counter()
        time = None
        for event in events(session):
            start = None if time is None else time // length * length
            if isinstance(event, Record):
                time = event.time
                assert time is not None
                start = time // length * length
                wanted[start, "frames"] += 1
                wanted[start, "bytes"] += event.stop - event.start
            elif isinstance(event, Gap):
                wanted[start, "gaps"] += 1
                wanted[start, "gap_bytes"] += len(event.span)
                wanted[start, "checksum_failures"] += any(reason.endswith(":checksum") for reason in event.reasons)
            elif isinstance(event, Loss):
                wanted[start, "lost"] += event.count
        printed = sigflow("audit", "report", "session", "--window", window, "--format", "ndjson").out
        entries = [json.loads(line) for line in printed.splitlines()]
        told = {(entry["window_ns"], name): entry[name] for entry in entries for name in COUNTED if entry[name]}
        assert told == {key: count for key, count in wanted.items() if count}
    (entry,) = json.loads(sigflow("audit", "report", "session", "--format", "json").out)["entries"]
    assert entry["frames"] == sum(isinstance(event, Record) for event in events(session))
    text = sigflow("audit", "report", "session", "--by", "format", "--by", "stream").out
    assert f"{entry['frames']} frames" in text and "checksum failures" in text


def test_a_changed_byte_breaks_the_chain(session: Path, sigflow: Call) -> None:
    rows = list(audited("session"))
    assert len(rows) > 100
    called = sigflow("audit", "verify", "session")
    assert called.out == f"session: {len(rows)} rows hold; the last hash is {rows[-1][-1].hex()}\n"
    for statement in (
        "UPDATE audit SET length = length + 1 WHERE number = 17",
        "UPDATE audit SET detail = 'x' WHERE number = 17",
        "UPDATE audit SET time_ns = NULL WHERE number = 17",
        "UPDATE audit SET hash = zeroblob(32) WHERE number = 17",
        "DELETE FROM audit WHERE number = 17",
        "UPDATE audit SET number = -1 WHERE number = 17",
    ):
        with sqlite3.connect("session/ledger.db") as database:
            database.execute(statement)
            called = sigflow("audit", "verify", "session")
            assert (called.code, "is not what was written" in called.err) == (0, False)  # (not committed yet)
        called = sigflow("audit", "verify", "session")
        assert (called.code, "is not what was written" in called.err) == (3, True), statement
        with sqlite3.connect("session/ledger.db") as database:
            database.execute("DELETE FROM audit WHERE number IN (-1, 17)")
            database.execute(f"INSERT INTO audit VALUES ({', '.join('?' * 12)})", _stored(rows[17]))
        database.close()
    assert sigflow("audit", "verify", "session").code == 0


def _stored(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (*row[:9], None if row[9] is None else str(row[9]), *row[10:])


def test_no_audit(tmp_path: Path, sigflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("probe.ksy").write_text(SPEC)
    Path("source").write_bytes(bytes(script(1, 1).data))
    ingested(Path("session"), "pipe:source", [], Settings(once=True), "probe.ksy")
    called = sigflow("audit", "report", "session")
    assert (called.code, called.out) == (0, "") and "there is no audit in it" in called.err
    assert "0 rows hold" in sigflow("audit", "verify", "session").out
    for command in ("report", "verify"):
        assert sigflow("audit", command, "nowhere").code == 2
