"""A folder in which captures arrive: each is taken once it is whole, once, and moved with what was made of it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sigflow.errors import SigflowError, UsageError
from sigflow.storage.disk import Disk
from sigflow.watch.arrivals import DONE, WORK, Arrivals, Product
from tests.cli.calls import SAMPLES, Call
from tests.lanes import TIMES
from tools.kill_watch_folder import run


class Clock:
    """Time that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_capture_has_arrived_when_it_stays_as_it_is(tmp_path: Path) -> None:
    clock = Clock()
    with Arrivals(str(tmp_path), 2.0, clock=clock) as arrivals:
        (tmp_path / "a").write_bytes(b"1")
        for name in ("b.part", ".hidden", "c.tmp", "a.sigidx", "d.ksy", "sigflow.yaml"):
            (tmp_path / name).write_bytes(b"no capture")
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "a")
        assert not arrivals.arrived() and arrivals.waits
        clock.now = 1.9
        (tmp_path / "a").write_bytes(b"12")
        assert not arrivals.arrived()
        clock.now = 3.8
        assert not arrivals.arrived()
        clock.now = 3.9
        assert arrivals.arrived() == ["a"]
        assert not arrivals.waits and not arrivals.changed("a")
        (tmp_path / "a").write_bytes(b"123")
        assert arrivals.changed("a")
        assert not arrivals.arrived()
        clock.now = 6.0
        assert arrivals.arrived() == ["a"]
        arrivals.leave("a")
        assert not arrivals.arrived()
        (tmp_path / "a").write_bytes(b"1234")
        assert not arrivals.arrived() and arrivals.waits


def test_one_process_watches(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder"):
        Arrivals(str(tmp_path / "none"), 1)
    with Arrivals(str(tmp_path), 1), pytest.raises(SigflowError, match="another process watches this folder"):
        Arrivals(str(tmp_path), 1)
    (tmp_path / WORK / "rest").write_bytes(b"")
    with Arrivals(str(tmp_path), 1):
        assert os.listdir(tmp_path / WORK) == ["lock"]


def test_a_link_is_no_folder_to_work_in(tmp_path: Path) -> None:
    """What lies in the folder of work is removed: a link would have others' files removed."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_bytes(b"precious")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / WORK).symlink_to(other)
    with pytest.raises(UsageError, match="this is a link"):
        Arrivals(str(tmp_path / "inbox"), 1)
    assert os.listdir(other) == ["file"]


def test_what_is_made_replaces_no_capture(tmp_path: Path, sigflow: Call) -> None:
    """A capture, or a file of somebody, may be called what a product of another would be."""
    sample = (SAMPLES / "valid_telemetry.sgf").read_bytes()
    for number, name in enumerate(("a.sgf.csv", "a.sgf.verdict.json", "a.sgf", "b.sgf")):
        (tmp_path / name).write_bytes(sample)
        os.utime(tmp_path / name, (number, number))
    (tmp_path / DONE).mkdir()
    (tmp_path / DONE / "b.sgf.csv").write_bytes(b"notes")
    called = sigflow("watch-folder", tmp_path, "-s", "sgf1", "--stable", "10ms", "--once", "--to", "csv")
    assert called.code == 0
    done = tmp_path / DONE
    for name in ("a.sgf.csv", "a.sgf.verdict.json", "a-2.sgf", "b-2.sgf"):
        assert (done / name).read_bytes() == sample
        assert (done / f"{name}.csv").read_bytes().startswith(b"_offset")
        assert json.loads((done / f"{name}.verdict.json").read_text())["capture"] in (name, name.replace("-2", ""))
    assert (done / "b.sgf.csv").read_bytes() == b"notes"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_who_does_not_listen_is_told_no_lie(tmp_path: Path) -> None:
    """The capture was moved, whatever becomes of the line that says so."""
    (tmp_path / "a.sgf").write_bytes((SAMPLES / "valid_telemetry.sgf").read_bytes())
    command = [sys.executable, "-m", "sigflow", "watch-folder", str(tmp_path), "-s", "sgf1", "--stable", "10ms", "-q"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*command, "--once"], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 1
    assert b"it stays" not in done.stderr
    assert (tmp_path / DONE / "a.sgf").exists()


class Counting(Disk):
    """A disk that ends before its so-many-th change."""

    def __init__(self, last: int) -> None:
        self.last = last

    def rename(self, source: str, target: str) -> None:
        if not self.last:
            raise OSError(errno.EIO, "ended")
        self.last -= 1
        super().rename(source, target)


def test_the_capture_is_moved_last(tmp_path: Path) -> None:
    """Ended before any change, it is still there to be taken, or is done; what was made is put there again."""
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "a.bin").write_bytes(b"new")
        with Arrivals(str(folder), 0, disk=Counting(number)) as arrivals:
            (folder / DONE / "a.bin").write_bytes(b"old")
            assert arrivals.arrived() == ["a.bin"]
            made = [Product(str(folder / WORK / name), f".{name}") for name in ("x", "verdict.json")]
            for product in made:
                Path(product.path).write_bytes(b"made")
            if number == 3:
                assert arrivals.place("a.bin", DONE, made) == str(folder / DONE / "a-2.bin")
            else:
                with pytest.raises(OSError, match="ended"):
                    arrivals.place("a.bin", DONE, made)
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.bin")}
        assert there == {"done/a.bin", "done/a-2.bin" if number == 3 else "a.bin"}
        with Arrivals(str(folder), 0) as arrivals:
            for name in arrivals.arrived():
                for product in made:
                    Path(product.path).write_bytes(b"made")
                arrivals.place(name, DONE, made)
        assert sorted(os.listdir(folder / DONE)) == ["a-2.bin", "a-2.bin.verdict.json", "a-2.bin.x", "a.bin"]
        assert (folder / DONE / "a-2.bin").read_bytes() == b"new"


def test_what_the_command_makes(sigflow: Call, tmp_path: Path) -> None:
    """Sound, damaged and unreadable captures go where they belong, each with its verdict; exit code 3."""
    for path in (SAMPLES / "valid_telemetry.sgf", SAMPLES / "malformed_frame.sgf", SAMPLES / "oscilloscope.hdr"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "noise.bin").write_bytes(bytes(range(1, 200)) * 30)
    arguments = ("watch-folder", tmp_path, "--stable", "10ms", "--once", "--events", "ndjson")
    done = sigflow(*arguments, "--to", "csv")
    assert done.code == 3
    lines = {line["capture"]: line for line in map(json.loads, done.out.splitlines())}
    assert {name: Path(line["moved"]).parent.name for name, line in lines.items()} == {
        "valid_telemetry.sgf": "done",
        "malformed_frame.sgf": "damaged",
        "oscilloscope.hdr": "done",
        "noise.bin": "damaged",
    }
    assert lines["noise.bin"]["error"].startswith("no bundled format finds a frame")
    assert lines["malformed_frame.sgf"]["gap_bytes"] == 44 and lines["malformed_frame.sgf"]["lost"] == 1
    for line in lines.values():
        assert all(Path(made).exists() for made in line["made"])
        suffixes = [made.removeprefix(line["moved"]) for made in line["made"]]
        assert suffixes == ([".verdict.json"] if line["error"] else [".sigidx", ".csv", ".verdict.json"])
    moved = lines["valid_telemetry.sgf"]["moved"]
    verdict = json.loads(Path(f"{moved}.verdict.json").read_text())
    assert verdict["sound"] and verdict["capture"] == "valid_telemetry.sgf"
    assert Path(f"{moved}.csv").read_text() == sigflow("parse", moved, "--format", "csv").out
    assert sigflow("index", "verify", moved).code == 0
    again = sigflow(*arguments)
    assert again.code == 0 and not again.out


def test_a_mistake_in_the_file_is_no_fault_of_the_captures(sigflow: Call, tmp_path: Path) -> None:
    """It is told before any is moved."""
    config = tmp_path / "sigflow.yaml"
    config.write_text("compute:\n  - {format: sgf1, name: x, value: sequense + 1}\n")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.sgf").write_bytes((SAMPLES / "valid_telemetry.sgf").read_bytes())
    done = sigflow("watch-folder", inbox, "-s", "sgf1", "--config", config, "--stable", "10ms", "--once")
    assert done.code == 2 and "2:36: unknown field 'sequense'" in done.err
    assert (inbox / "a.sgf").exists()


def test_a_full_disk_leaves_captures_where_they_are(tmp_path: Path) -> None:
    """What cannot be written is told; the capture stays, and is taken when there is room."""
    (tmp_path / "a.sgf").write_bytes((SAMPLES / "valid_telemetry.sgf").read_bytes())
    command = [sys.executable, "-m", "sigflow", "watch-folder", str(tmp_path), "-s", "sgf1", "--stable", "10ms"]
    limited = ["bash", "-c", 'ulimit -f 0; trap "" XFSZ; exec "$@"', "bash", *command, "--once"]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "a.sgf: it stays: " in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "a.sgf").exists() and not os.listdir(tmp_path / "done") + os.listdir(tmp_path / "damaged")
    done = subprocess.run([*command, "--once"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "sound, 24 frames" in done.stdout


def test_kills(tmp_path: Path) -> None:
    """Killed at random moments, each capture is taken once; the rest of it is in tools/kill_watch_folder."""
    states = run(6 * TIMES, 19, tmp_path)
    assert states["done"] and states["damaged"]
