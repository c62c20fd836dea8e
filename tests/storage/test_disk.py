"""Drafts: a file takes its name whole, or not at all; nobody writes over what is not theirs."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sigflow.errors import SigflowError, UsageError
from sigflow.storage import disk as disks
from sigflow.storage.disk import DISK, FileDraft, identity


def test_a_draft_becomes_the_file(tmp_path: Path) -> None:
    out = tmp_path / "x"
    out.write_bytes(b"old")
    with FileDraft(str(out)) as draft:
        draft.write(b"ne")
        draft.write(memoryview(b"w"))
        assert (out.read_bytes(), draft.size) == (b"old", 3)
        draft.sync()
        draft.place()
    assert out.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["x"]


def test_a_draft_that_is_left_is_gone(tmp_path: Path) -> None:
    out = tmp_path / "x"
    with FileDraft(str(out)) as draft:
        draft.write(b"new")
    with pytest.raises(RuntimeError), FileDraft(str(out)) as draft:
        raise RuntimeError
    assert os.listdir(tmp_path) == []
    draft.discard()  # a second time
    with pytest.raises(ValueError, match="closed"):
        draft.sync()


def test_a_draft_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "BUFFER", 4)
    with FileDraft(str(tmp_path / "x")) as draft:
        draft.write(b"0123456789")
        draft.write(b"ab")
        draft.clear()
        draft.write(b"z")
        draft.sync()
        draft.place()
    assert (tmp_path / "x").read_bytes() == b"z"


def written(path: Path, data: bytes = b"new") -> None:
    with FileDraft(str(path)) as draft:
        draft.write(data)
        draft.sync()
        draft.place()


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    text = (
        "import os, sys; from sigflow.storage.disk import FileDraft\n"
        "draft = FileDraft(sys.argv[1]); draft.write(b'a rest'); draft.flush(); os.kill(os.getpid(), 9)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(disks.__file__).parents[2])}
    subprocess.run([sys.executable, "-c", text, str(tmp_path / "x")], env=environment, check=False)
    (rest,) = os.listdir(tmp_path)
    assert rest.startswith("x.sigflow-") and rest.endswith(".part")
    written(tmp_path / "y")  # of another file: not its business
    assert sorted(os.listdir(tmp_path)) == [rest, "y"]
    written(tmp_path / "x")
    assert sorted(os.listdir(tmp_path)) == ["x", "y"]


def test_foreign_files_stay(tmp_path: Path) -> None:
    names = ["x.part", "x.sigflow-.part", "x.sigflow-0123.part", "x.sigflow-0123456789abcdeg.part", "x.sigflow.part"]
    for name in names:
        (tmp_path / name).write_bytes(b"foreign")
    (tmp_path / "x.sigflow-0123456789abcdef.part").mkdir()
    written(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"new"
    assert [(tmp_path / name).read_bytes() for name in names] == [b"foreign"] * len(names)


def test_a_link_is_followed_and_permissions_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    real = folder / "real"
    real.write_bytes(b"old")
    real.chmod(0o640)
    (tmp_path / "x").symlink_to("there/real")
    (tmp_path / "new").symlink_to("there/none")
    written(tmp_path / "x")
    written(tmp_path / "new", b"first")
    assert (tmp_path / "x").is_symlink() and (tmp_path / "new").is_symlink()
    assert (real.read_bytes(), (folder / "none").read_bytes()) == (b"new", b"first")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(os.listdir(folder)) == ["none", "real"]


def test_nobody_reads_a_draft_who_may_not_read_the_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"secret")
    (tmp_path / "x").chmod(0o600)
    with FileDraft(str(tmp_path / "x")) as draft:
        assert stat.S_IMODE(os.stat(draft.path).st_mode) == 0o600


def test_what_may_not_be_written_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"mine")
    (tmp_path / "x").chmod(0o444)
    (tmp_path / "link").symlink_to("x")
    for name in ("x", "link"):
        with pytest.raises(PermissionError, match="may not be written"):
            FileDraft(str(tmp_path / name))
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        FileDraft(str(tmp_path / "folder"))
    assert (tmp_path / "x").read_bytes() == b"mine"
    assert sorted(os.listdir(tmp_path)) == ["folder", "link", "x"]


def test_a_failure_names_the_file_and_not_the_draft(tmp_path: Path) -> None:
    class Full(disks.Disk):
        def write(self, descriptor: int, data: bytes | memoryview) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    out = str(tmp_path / "x")
    with pytest.raises(OSError) as raised, FileDraft(out, disk=Full()) as draft:
        draft.write(b"new")
        draft.sync()
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, out)
    with pytest.raises(FileNotFoundError) as missing:
        FileDraft(str(tmp_path / "none" / "x"))
    assert missing.value.filename == str(tmp_path / "none" / "x")
    assert os.listdir(tmp_path) == []


def test_a_long_name(tmp_path: Path) -> None:
    written(tmp_path / ("\u00fc" * 127))
    assert os.listdir(tmp_path) == ["\u00fc" * 127]


def test_two_writers_of_one_file(tmp_path: Path) -> None:
    with FileDraft(str(tmp_path / "x")) as first:
        with pytest.raises(SigflowError, match="another process is writing it"):
            FileDraft(str(tmp_path / "x"))
        with FileDraft(str(tmp_path / "x"), alone=False):  # who does not mind
            pass
        first.write(b"first")
        first.sync()
        first.place()
    assert (tmp_path / "x").read_bytes() == b"first"


def test_one_that_waits_gets_a_file_of_its_own(tmp_path: Path) -> None:
    from threading import Thread

    placed = []

    def second() -> None:
        with FileDraft(str(tmp_path / "x"), wait=True) as draft:
            draft.write(b"2")
            draft.sync()
            draft.place(str(tmp_path / "second"))
        placed.append(True)

    with FileDraft(str(tmp_path / "x")) as first:
        thread = Thread(target=second)
        thread.start()
        first.write(b"first")
        first.sync()
        first.place(str(tmp_path / "first"))
    thread.join(30)
    assert placed
    assert ((tmp_path / "first").read_bytes(), (tmp_path / "second").read_bytes()) == (b"first", b"2")


def test_a_file_that_must_be_spared(tmp_path: Path) -> None:
    capture = tmp_path / "x"
    capture.write_bytes(b"the capture")
    (tmp_path / "link").symlink_to(capture)
    spared = [identity(str(tmp_path / "link"))]
    assert spared == [identity(str(capture))]
    with pytest.raises(UsageError, match="would be overwritten"):
        FileDraft(str(tmp_path / "x"), spared=[path for path in spared if path is not None])
    assert capture.read_bytes() == b"the capture"
    assert identity(str(tmp_path / "none")) is None


def test_folders_can_be_synced(tmp_path: Path) -> None:
    DISK.sync_folder(str(tmp_path))
    assert disks.folder_of("x") == "."
    assert disks.folder_of("/a/x") == "/a"
