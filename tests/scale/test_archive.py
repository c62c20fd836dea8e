"""What is archived is read back and equal; whenever that is interrupted, nothing is lost, and the next run goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import zstandard

import sigflow
from sigflow.errors import SigflowError
from sigflow.scale import archive
from sigflow.scale.archive import packed, packed_session
from sigflow.scale.archive_tables import KEY, REST, ROWS, tabled
from sigflow.storage.disk import DISK, Disk
from tests.cli.calls import process
from tools.kill_recover import capture_of
from tools.make_samples import sgf1


class Killed(BaseException):
    """The process is dead."""


class Deadly(Disk):
    """A disk whose process is killed at a call: what was done is done, and nothing follows."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __getattribute__(self, name: str) -> Any:
        if name in ("left", "__class__") or name not in vars(Disk):
            return super().__getattribute__(name)
        if self.left <= 0:
            raise Killed
        self.left -= 1
        return super().__getattribute__(name)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """With gaps at its beginning, inside and at its end."""
    path = tmp_path / "old.sgf"
    path.write_bytes(b"noise" + capture_of(random.Random(7), 200) + b"\xff" * 30)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def to_zstd(path: Path, disk: Disk = DISK) -> None:
    packed(str(path), disk)


def to_parquet(path: Path, disk: Disk = DISK) -> None:
    with sigflow.open(path, "sgf1") as recording:
        tabled(recording, str(path), disk=disk)


def check_zstd(path: Path, data: bytes) -> None:
    archived = path.with_name(path.name + ".zst")
    assert archived.stat().st_mtime == 1_700_000_000
    assert zstandard.ZstdDecompressor().stream_reader(archived.read_bytes()).read() == data
    with sigflow.open(archived, "sgf1") as recording, sigflow.open(data, "sgf1") as wanted:
        assert recording.to_arrow() == wanted.to_arrow()


def check_parquet(path: Path, data: bytes) -> None:
    rows, rest = (pq.read_table(path.with_name(path.name + end)) for end in (ROWS, REST))
    with sigflow.open(data, "sgf1") as wanted:
        assert rows.equals(wanted.to_arrow())
        report = wanted.validate()
        told = json.loads(rows.schema.metadata[KEY])["verdict"]
        assert {**told, "capture": "", "work_ratio": 0} == {**report.tree(), "capture": "", "work_ratio": 0}
        assert sum(map(len, rest["bytes"].to_pylist())) == report.gap_bytes + report.idle_bytes
    whole = bytearray(data)
    for offset, length in zip(rows["_offset"].to_pylist(), rows["_length"].to_pylist(), strict=True):
        whole[offset : offset + length] = b"\0" * length
    for offset, content in zip(rest["_offset"].to_pylist(), rest["bytes"].to_pylist(), strict=True):
        assert whole[offset : offset + len(content)] == content
        whole[offset : offset + len(content)] = b"\0" * len(content)
    assert not any(whole)  # each byte is in one of them


WAYS = {"zstd": (to_zstd, check_zstd), "parquet": (to_parquet, check_parquet)}


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_each_call_nothing_is_lost(capture: Path, way: str) -> None:
    run, check = WAYS[way]
    data = capture.read_bytes()
    times = (1_700_000_000, 1_700_000_000)
    kills = 0
    while True:
        shutil.rmtree(capture.parent)
        capture.parent.mkdir()
        capture.write_bytes(data)
        os.utime(capture, times)
        killed = False
        try:
            run(capture, Deadly(kills))
        except Killed:
            killed = True
            kills += 1
        if not capture.exists():
            check(capture, data)
        else:
            assert capture.read_bytes() == data
            run(capture)  # goes on
            check(capture, data)
        assert not capture.exists()
        assert not list(capture.parent.glob("*.part"))
        if not killed:
            break
    assert kills > 8


@pytest.mark.parametrize("way", WAYS)
def test_what_is_in_the_way_stays(capture: Path, way: str) -> None:
    run, _ = WAYS[way]
    data = capture.read_bytes()
    other = capture.with_name("other.sgf")
    other.write_bytes(sgf1(7, 1, b"another one"))
    run(other)
    for path in capture.parent.glob("other.sgf*"):
        path.rename(capture.with_name(path.name.replace("other", "old")))
    there = {path.name: path.read_bytes() for path in capture.parent.iterdir()}
    with pytest.raises(SigflowError, match="stays"):
        run(capture)
    assert {path.name: path.read_bytes() for path in capture.parent.iterdir()} == there and data in there.values()


def changes(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"!")


def is_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def is_replaced(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)


@pytest.mark.parametrize("change", [changes, is_cut, is_replaced])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_changed_meanwhile_stays(capture: Path, way: str, change: Callable[[Path], None]) -> None:
    class Changing(Disk):
        def sync(self, descriptor: int) -> None:
            if capture.stat().st_mtime == 1_700_000_000:
                change(capture)
            super().sync(descriptor)

    with pytest.raises(SigflowError):
        WAYS[way][0](capture, Changing())
    assert capture.exists()


def test_an_archive_that_is_not_equal_takes_no_place(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = capture.read_bytes()
    write = archive._pack
    monkeypatch.setattr(archive, "_pack", lambda capture, put: write(capture, lambda piece: put(piece[:-1])))
    with pytest.raises(SigflowError, match="stays"):
        to_zstd(capture)
    assert [path.name for path in capture.parent.iterdir()] == ["old.sgf"] and capture.read_bytes() == data


def test_a_session_is_read_as_before(tmp_path: Path) -> None:
    source = tmp_path / "source.sgf"
    source.write_bytes(capture_of(random.Random(5), 300))
    session = tmp_path / "session"
    done = process(tmp_path, "ingest", f"pipe:{source}", "-s", "sgf1", "--to", str(session), "--once")
    assert done.returncode in (0, 3), done.stderr
    calls = [
        ("validate", str(session), "--format", "json"),
        ("parse", str(session), "--format", "ndjson"),
        ("inspect", str(session / "raw" / "0"), "--frame", "100"),
        ("session", "check", str(session)),
        ("session", "repair", str(session)),
        ("replay", str(session), "--max"),
    ]
    before = [process(tmp_path, *call) for call in calls]
    segment = session / "raw" / "0" / "0.seg"
    data = segment.read_bytes()
    kills = 0
    while True:  # at any moment it is a session of the same bytes
        segment.write_bytes(data)
        segment.with_name("0.seg.zst").unlink(missing_ok=True)
        killed = False
        try:
            packed_session(str(session), Deadly(kills))
        except Killed:
            killed = True
            kills += 1
        with sigflow.open(session, "sgf1") as recording:
            assert b"".join(recording.storage.chunks()) == source.read_bytes()
        if segment.exists():
            packed_session(str(session))
        if not killed:
            break
    assert not segment.exists() and kills > 8
    after = [process(tmp_path, *call) for call in calls]
    assert [(done.returncode, done.stdout) for done in after] == [(done.returncode, done.stdout) for done in before]
    # A damaged archive leaves every byte in its place, and is told.
    packed_bytes = bytearray(segment.with_name("0.seg.zst").read_bytes())
    packed_bytes[len(packed_bytes) // 2] ^= 0x10
    segment.with_name("0.seg.zst").write_bytes(packed_bytes)
    assert process(tmp_path, "session", "check", str(session)).returncode == 3
    with sigflow.open(session, "sgf1") as recording:
        assert len(b"".join(recording.storage.chunks())) == len(source.read_bytes())
