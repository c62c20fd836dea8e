"""`sigflow archive`: what is old and a capture is archived, all else is left alone."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import pytest

from tests.cli.calls import SAMPLES, Call, process
from tools.kill_recover import capture_of

DAY = 86400


def aged(path: Path, data: bytes, days: float) -> None:
    path.write_bytes(data)
    os.utime(path, (time.time() - days * DAY,) * 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "captures"
    folder.mkdir()
    data = capture_of(random.Random(1), 50)
    aged(folder / "old.sgf", data, 40)
    aged(folder / "young.sgf", data, 3)
    aged(folder / "notes.txt", b"nothing of ours\n" * 100, 40)
    aged(folder / "empty.sgf", b"", 40)
    aged(folder / "table.parquet", data, 40)
    aged(folder / "packed.sgf.gz", data, 40)
    (folder / "link.sgf").symlink_to(folder / "old.sgf")
    (folder / "below").mkdir()
    aged(folder / "below" / "old.sgf", data, 40)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_old_captures(sigflow: Call, folder: Path) -> None:
    before = contents(folder)
    said = sigflow("archive", folder, "--older", "30d", "--to", "zstd", "--dry-run")
    assert said.code == 0 and said.out == f"{folder}/old.sgf: {len(before['old.sgf'])} bytes would be archived\n"
    assert said.err.endswith("would be archived; 2 old files without frames left alone\n")
    assert contents(folder) == before
    alone = sigflow("stats", folder / "old.sgf", "--format", "json")
    sigflow("index", "build", folder / "old.sgf", "-s", "sgf1")
    assert (folder / "old.sgf.sigidx").exists()
    said = sigflow("archive", folder, "--older", "30d", "--to", "zstd")
    assert said.code == 0 and "read back and equal" in said.out
    after = contents(folder)
    del before["old.sgf"], before["link.sgf"]
    assert after.pop("old.sgf.zst") and after == before
    now = sigflow("stats", folder / "old.sgf.zst", "--format", "json")
    assert now.out.replace("old.sgf.zst", "old.sgf") == alone.out and now.code == alone.code
    assert "0 captures and sessions" in sigflow("archive", folder, "--older", "30d", "--to", "zstd").err


def test_parquet_keeps_what_is_in_no_row(sigflow: Call, folder: Path) -> None:
    assert sigflow("archive", folder, "--older", "30d", "--to", "parquet", "-s", "sgf1").code == 0
    assert {"old.sgf.parquet", "old.sgf.rest.parquet"} <= contents(folder).keys()
    assert "old.sgf" not in contents(folder)
    assert sigflow("archive", folder, "--older", "1d", "--to", "parquet", "--drop-gaps").code == 0
    assert "young.sgf.parquet" in contents(folder) and "young.sgf.rest.parquet" not in contents(folder)


def test_what_fails_stays_and_the_others_go(sigflow: Call, folder: Path) -> None:
    (folder / "old.sgf.zst").write_bytes(b"something else")
    data = (folder / "old.sgf").read_bytes()
    said = sigflow("archive", folder, "--older", "1d", "--to", "zstd")
    assert said.code == 1 and "stays" in said.err
    assert (folder / "old.sgf").read_bytes() == data and (folder / "young.sgf.zst").exists()


def test_sessions(sigflow: Call, tmp_path: Path) -> None:
    session = tmp_path / "all" / "session"
    (tmp_path / "all").mkdir()
    source = SAMPLES / "valid_telemetry.sgf"
    assert process(tmp_path, "ingest", f"pipe:{source}", "-s", "sgf1", "--to", str(session), "--once").returncode == 0
    alone = sigflow("validate", session)
    assert "0 captures" in sigflow("archive", tmp_path / "all", "--older", "1d", "--to", "zstd").err
    segment = session / "raw" / "0" / "0.seg"
    os.utime(segment, (time.time() - 2 * DAY,) * 2)
    assert sigflow("archive", session, "--older", "1d", "--to", "parquet").code == 1
    assert segment.exists()
    assert sigflow("archive", tmp_path / "all", "--older", "1d", "--to", "zstd").code == 0
    assert not segment.exists() and sigflow("validate", session) == alone
    shutil.rmtree(session)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere", "--older", "1d", "--to", "zstd"],
        [str(SAMPLES / "valid_telemetry.sgf"), "--older", "1d", "--to", "zstd"],
        [str(SAMPLES), "--older", "10GiB", "--to", "zstd"],
        [str(SAMPLES), "--older", "soon", "--to", "zstd"],
        [str(SAMPLES), "--to", "zstd"],
        [str(SAMPLES), "--older", "1d", "--to", "zstd", "--drop-gaps"],
        [str(SAMPLES), "--older", "1d", "--to", "rar"],
    ],
)
def test_wrong_usage(sigflow: Call, arguments: list[str]) -> None:
    said = sigflow("archive", *arguments)
    assert said.code == 2 and said.err.count("\n") <= 2 and not said.out
