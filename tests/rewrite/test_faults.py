"""A disk that is full, fails, or takes less than it was given, at every single call; and processes that are killed."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sigflow
from sigflow.recording import Recording
from sigflow.recording.setting import setting
from sigflow.rewrite.building import build_file
from sigflow.rewrite.converting import converted
from sigflow.rewrite.duplicates import deduplicated
from sigflow.rewrite.editing import edit_file
from sigflow.rewrite.filtering import filtered
from sigflow.rewrite.mapping import mapping_of
from sigflow.rewrite.merging import merged
from sigflow.rewrite.sorting import in_order
from sigflow.rewrite.splitting import split
from sigflow.storage.disk import Disk
from tests.cli.transcript import environment
from tests.recover.kit import Faulty
from tests.rewrite.kit import frames_of, no_rests, opened


def parsed(frame: bytes) -> dict[str, Any]:
    """The value that the frame is built of."""
    value = sigflow.load("sgf1").parse(frame)
    flags = {"reserved": 0, "compressed": False, "encoding": 0}
    payload = value.payload.hex()
    return {"stream_id": value.stream_id, "sequence": value.sequence, "version": 1, "flags": flags, "payload": payload}


OLD = b"what was there before"
FRAMES = frames_of(random.Random(3), 12_000, longest=300)
DATA = b"".join(FRAMES)
VALUES = [(str(number), parsed(frame)) for number, frame in enumerate(FRAMES)]
Work = Callable[[str, Disk], object]
#: Frames become what they are.
SAME = mapping_of(sigflow.load("sgf1"), sigflow.load("sgf1"))
WORKS: dict[str, Work] = {
    "filter": lambda out, disk: filtered(opened(DATA).filter("_length > 0"), out, disk=disk),
    "dedupe": lambda out, disk: deduplicated(opened(DATA + FRAMES[-1]), out, disk=disk),
    "merge": lambda out, disk: merged([opened(b"".join(FRAMES[k::2])) for k in range(2)], out, "sequence", disk=disk),
    "sort": lambda out, disk: in_order(opened(DATA), out, "sequence", disk=disk),
    "build": lambda out, disk: build_file(VALUES, opened(b""), out, disk=disk),
    "edit": lambda out, disk: edited(opened(DATA), out, disk),
    "convert": lambda out, disk: converted(opened(DATA), opened(b""), [SAME], out, disk=disk),
}


def edited(recording: Recording, out: str, disk: Disk) -> object:
    return edit_file(recording, out, [setting("stream_id=stream_id", recording.formats)], disk=disk)


@pytest.mark.parametrize("name", list(WORKS))
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_a_failure_at_any_call_leaves_the_old_file_or_the_whole(tmp_path: Path, name: str, error: int) -> None:
    work, out = WORKS[name], tmp_path / "out"
    counting = Faulty()
    work(str(out), counting)
    good = out.read_bytes()
    assert len(good) == len(DATA) and counting.calls >= 5
    for fail_at in range(1, counting.calls + 1):
        out.write_bytes(OLD)
        with pytest.raises(OSError) as raised:
            work(str(out), Faulty(fail_at, error))
        assert raised.value.errno == error
        # Only where the name could not be made to last is the new file there already.
        assert out.read_bytes() == (good if fail_at == counting.calls else OLD)
        no_rests(tmp_path)
    work(str(out), Faulty(short=True))
    assert out.read_bytes() == good


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_a_failure_at_any_call_leaves_no_folder_or_the_whole(tmp_path: Path, error: int) -> None:
    counting = Faulty()
    split(opened(DATA), str(tmp_path / "whole"), "stream", disk=counting)
    good = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    for fail_at in range(1, counting.calls + 1):
        folder = tmp_path / f"out{fail_at}"
        with pytest.raises(OSError) as raised:
            split(opened(DATA), str(folder), "stream", disk=Faulty(fail_at, error))
        assert raised.value.errno == error
        if fail_at == counting.calls:
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == good
        else:
            assert not folder.exists()
        no_rests(tmp_path)


COMMANDS = {
    "filter": ["filter", "a.sgf", "--where", "sequence >= 0", "-o", "out"],
    "merge": ["merge", "a.sgf", "b.sgf", "-o", "out"],
    "sort": ["sort", "a.sgf", "-o", "out"],
    "split": ["split", "a.sgf", "--by", "stream", "-o", "out"],
    "build": ["build", "a.ndjson", "-o", "out"],
    "edit": ["edit", "a.sgf", "--set", "stream_id=stream_id + 1", "-o", "out"],
    "convert": ["convert", "a.sgf", "--to", "sgf1", "-o", "out"],
}


@pytest.mark.parametrize("name", list(COMMANDS))
def test_killed_at_any_moment(tmp_path: Path, name: str) -> None:
    """Nothing half written; what a killed process left is removed by the next."""
    (tmp_path / "a.sgf").write_bytes(DATA * 3)
    (tmp_path / "b.sgf").write_bytes(b"".join(FRAMES[1::2]))
    (tmp_path / "a.ndjson").write_text("\n".join(json.dumps(value) for _, value in VALUES))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "sigflow", *COMMANDS[name], "-s", "sgf1", "--quiet"]

    def contents() -> object:
        if out.is_dir():
            return {path.name: path.read_bytes() for path in out.iterdir()}
        return out.read_bytes() if out.exists() else None

    def cleared() -> None:
        if out.is_dir():
            for path in out.iterdir():
                path.unlink()
            out.rmdir()
        else:
            out.unlink(missing_ok=True)

    def started() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.DEVNULL)

    begun = time.monotonic()
    assert started().wait() in (0, 3)
    whole, good = time.monotonic() - begun, contents()
    assert good
    rng = random.Random(1)
    for round_ in range(6):
        if round_ % 2 == 0:
            cleared()
        before = contents()
        if name == "split" and before is not None:
            cleared()
            before = None
        process = started()
        time.sleep(rng.random() * whole)
        os.kill(process.pid, signal.SIGKILL if round_ % 3 else signal.SIGTERM)
        process.wait()
        assert contents() in (before, good)
    cleared()
    assert started().wait() in (0, 3)
    assert contents() == good
    no_rests(tmp_path)
