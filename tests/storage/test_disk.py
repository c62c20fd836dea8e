"""Drafts: a file takes its name whole, or not at all; nobody writes over what is not theirs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sigflow.errors import UsageError
from sigflow.storage import disk as disks
from sigflow.storage.disk import DISK, Draft, identity


def test_a_draft_becomes_the_file(tmp_path: Path) -> None:
    out = tmp_path / "x"
    out.write_bytes(b"old")
    with Draft(str(out)) as draft:
        draft.write(b"ne")
        draft.write(memoryview(b"w"))
        assert (out.read_bytes(), draft.size) == (b"old", 3)
        draft.sync()
        draft.place()
    assert out.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["x"]


def test_a_draft_that_is_left_is_gone(tmp_path: Path) -> None:
    out = tmp_path / "x"
    with Draft(str(out)) as draft:
        draft.write(b"new")
    with pytest.raises(RuntimeError), Draft(str(out)) as draft:
        raise RuntimeError
    assert os.listdir(tmp_path) == []
    draft.discard()  # a second time
    with pytest.raises(ValueError, match="closed"):
        draft.sync()


def test_a_draft_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "BUFFER", 4)
    with Draft(str(tmp_path / "x")) as draft:
        draft.write(b"0123456789")
        draft.write(b"ab")
        draft.clear()
        draft.write(b"z")
        draft.sync()
        draft.place()
    assert (tmp_path / "x").read_bytes() == b"z"


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(b"a rest, longer than what comes now")
    with Draft(str(tmp_path / "x")) as draft:
        draft.write(b"new")
        draft.sync()
        draft.place()
    assert (tmp_path / "x").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["x"]


def test_two_writers_of_one_file(tmp_path: Path) -> None:
    with Draft(str(tmp_path / "x")) as first:
        with pytest.raises(UsageError, match="another process is writing it"):
            Draft(str(tmp_path / "x"))
        first.write(b"first")
        first.sync()
        first.place()
    assert (tmp_path / "x").read_bytes() == b"first"


def test_one_that_waits_gets_a_file_of_its_own(tmp_path: Path) -> None:
    from threading import Thread

    placed = []

    def second() -> None:
        with Draft(str(tmp_path / "x"), wait=True) as draft:
            draft.write(b"2")
            draft.sync()
            draft.place(str(tmp_path / "second"))
        placed.append(True)

    with Draft(str(tmp_path / "x")) as first:
        thread = Thread(target=second)
        thread.start()
        first.write(b"first")
        first.sync()
        first.place(str(tmp_path / "first"))
    thread.join(30)
    assert placed
    assert ((tmp_path / "first").read_bytes(), (tmp_path / "second").read_bytes()) == (b"first", b"2")


def test_a_file_that_must_be_spared(tmp_path: Path) -> None:
    capture = tmp_path / "x.part"
    capture.write_bytes(b"the capture")
    (tmp_path / "link").symlink_to(capture)
    spared = [identity(str(tmp_path / "link"))]
    assert spared == [identity(str(capture))]
    with pytest.raises(UsageError, match="would overwrite the capture"):
        Draft(str(tmp_path / "x"), spared=[each for each in spared if each is not None])
    assert capture.read_bytes() == b"the capture"
    assert identity(str(tmp_path / "none")) is None


def test_folders_can_be_synced(tmp_path: Path) -> None:
    DISK.sync_folder(str(tmp_path))
    assert disks.folder_of("x") == "."
    assert disks.folder_of("/a/x") == "/a"
