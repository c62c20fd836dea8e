"""What is in no frame: through the fallback formats and to the quarantine, while the acquisition goes on."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow import Gap, Record
from sigflow.errors import UsageError
from sigflow.quarantine import Quarantine
from sigflow.session import found
from sigflow.session.ingest import Settings
from sigflow.stream.format import Format
from tests.session.test_ingest import ingested
from tools.kill_ingest import OLDER, differences, older, refused_bytes
from tools.make_samples import sgf1

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the sources here are those of a Unix system")


def spoilt(seed: int, count: int, share: float = 0.01) -> tuple[bytes, int]:
    """Frames of two agents, of which a share is damaged, and how many are not."""
    rng = random.Random(seed)
    out, good = bytearray(), 0
    for number in range(count):
        make = older if rng.random() < 0.2 else lambda number, body: sgf1(7, number, body)
        frame = bytearray(make(number, rng.randbytes(rng.randrange(100))))
        if rng.random() < share:
            frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
        else:
            good += 1
        out += frame
    return bytes(out), good


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Format:
    path = tmp_path_factory.mktemp("spec") / "older.ksy"
    path.write_text(OLDER)
    return sigflow.compile(path)


@pytest.mark.parametrize("short", [found.SHORT, 0])
def test_one_percent_is_damaged(tmp_path: Path, old: Format, monkeypatch: pytest.MonkeyPatch, short: int) -> None:
    """Good frames of both reach the sinks in the order of an offline scan, the rest the quarantine."""
    monkeypatch.setattr(found, "SHORT", short)
    source, out = tmp_path / "source", tmp_path / "out"
    out.mkdir()
    (tmp_path / "older.ksy").write_text(OLDER)
    sinks = [f"ndjson:{out}/a.ndjson", f"raw:{out}/a.raw", f"csv:{out}/a.csv", f"mcap:{out}/a.mcap"]
    sinks += [f"parquet:{out}/parquet", f"arrow:{out}/arrow"]
    good = 0
    for life in range(2):
        data, count = spoilt(life, 1200)
        good += count
        source.write_bytes(data)
        settings = Settings(once=True, segment_bytes=50_000)
        outcome = ingested(tmp_path / "session", f"pipe:{source}", sinks, settings, fallback=[old])
        assert outcome.gap_bytes and not outcome.failed
        assert differences(tmp_path, outcome.bytes) == ""
    # (A length that was hit may hold back the frames that it claims, until the end of the claim is seen to be wrong.)
    assert good - 20 <= outcome.frames <= good
    with Quarantine(tmp_path / "session" / "quarantine") as quarantine:
        entries = list(quarantine.entries())
    assert all([spec.name for spec in entry.refused.specs] == ["sgf1", "older"] for entry in entries)
    lines = [json.loads(line) for line in (out / "a.ndjson").read_text().splitlines()]
    for entry in entries:
        before, span = entry.refused.before, entry.refused.span
        assert before is None or (before.stop <= span.start and lines[before.index]["offset"] == before.start)


def test_what_is_given_again_is_kept_once(tmp_path: Path, old: Format) -> None:
    """The position of the quarantine is lost: all of it is decoded anew, and no stretch is there twice."""
    source = tmp_path / "source"
    source.write_bytes(spoilt(5, 1000)[0])
    session = tmp_path / "session"
    for _ in range(2):
        ingested(session, f"pipe:{source}", fallback=[old])
        kept = refused_bytes(session)
        with contextlib.closing(sqlite3.connect(session / "ledger.db")) as ledger:
            ledger.execute("UPDATE positions SET frames = 0 WHERE sink = 'quarantine'")
            ledger.commit()
        source.write_bytes(b"")
        ingested(session, f"pipe:{source}", fallback=[old])
        assert refused_bytes(session) == kept and len(kept) > 5
        assert len({start for start, _ in kept}) == len(kept)


def test_without_a_quarantine_and_with_sound_bytes_there_is_none(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name, data, settings in (
        ("off", spoilt(5, 300)[0], Settings(once=True, quarantine=False)),
        ("sound", sgf1(7, 0, b"x") * 3, Settings(once=True)),
    ):
        source.write_bytes(data)
        ingested(tmp_path / name, f"pipe:{source}", [f"raw:{tmp_path}/{name}.raw"], settings)
        assert not (tmp_path / name / "quarantine").exists()


def test_other_fallback_formats_are_refused(tmp_path: Path, old: Format) -> None:
    source = tmp_path / "source"
    source.write_bytes(spoilt(5, 30)[0])
    ingested(tmp_path / "session", f"pipe:{source}", fallback=[old])
    with pytest.raises(UsageError, match="with older to fall back to, and not with none"):
        ingested(tmp_path / "session", f"pipe:{source}")


def test_all_is_refused(tmp_path: Path) -> None:
    """Nothing but noise, over many cuts: bounded, kept, told; without a sink, too."""
    source = tmp_path / "source"
    noise = random.Random(1).randbytes(300_000)
    seen: list[Any] = []
    for number in range(4):
        source.write_bytes(noise[number * 75_000 : (number + 1) * 75_000])
        outcome = ingested(tmp_path / "session", f"pipe:{source}", seen=lambda stream, event: seen.append(event))
    assert outcome.frames == 0 and outcome.gap_bytes == len(noise)
    assert b"".join(data for _, data in refused_bytes(tmp_path / "session")) == noise
    assert not any(isinstance(event, Record) for event in seen) and any(isinstance(event, Gap) for event in seen)
