"""`sigflow watch`: reads on each save, shows the verdict and what changed; `lint --format sarif`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

SPEC = """meta: {id: mine}
-sigflow-stream:
  checksum: {field: check, algorithm: sum-8, over: [kind..body]}
seq:
  - {id: mark, contents: [0xa5]}
  - {id: kind, type: u1}
  - {id: length, type: u1}
  - {id: body, size: length}
  - {id: check, type: u1}
"""


def frame(kind: int, body: bytes) -> bytes:
    covered = bytes((kind, len(body))) + body
    return b"\xa5" + covered + bytes((sum(covered) & 255,))


def lines_until(stream: IO[str], word: str) -> str:
    seen = ""
    while word not in seen:
        line = stream.readline()
        assert line, f"no {word!r} in {seen!r}"
        seen += line
    return seen


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """A process that is still there when a test fails does not keep it waiting."""
    try:
        yield
    finally:
        process.kill()


def save(path: Path, text: str) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(text)
    os.replace(partial, path)


def test_watch_shows_what_a_change_does(tmp_path: Path) -> None:
    spec, capture = tmp_path / "mine.ksy", tmp_path / "x.bin"
    spec.write_text(SPEC)
    capture.write_bytes(frame(1, b"one") + frame(2, b"two"))
    command = [sys.executable, "-m", "sigflow", "watch", str(spec), str(capture)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        ended(process),
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        assert "2 frames" in lines_until(process.stdout, "  mine:")
        save(spec, SPEC.replace("id: kind, type: u1", "id: kind, type: u1, valid: {max: 1}"))
        seen = lines_until(process.stdout, "no longer there")
        assert "1 frame from #1 on no longer there" in seen
        save(spec, SPEC.replace("id: kind", "id: sort").replace("over: [kind", "over: [sort"))
        seen = lines_until(process.stdout, "first frame that changed")
        assert '"sort": 1' in seen
        save(spec, SPEC.replace("type: u1", "type: u3", 1))
        assert "SF204: unknown type 'u3'" in lines_until(process.stderr, "SF204")
        save(spec, SPEC)
        lines_until(process.stdout, "first frame that changed")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(("spec", "capture"), [("absent.ksy", "x.bin"), ("mine.ksy", "absent.bin")])
def test_what_is_not_there_is_complained_of(tmp_path: Path, spec: str, capture: str) -> None:
    (tmp_path / "mine.ksy").write_text(SPEC)
    (tmp_path / "x.bin").write_bytes(frame(1, b""))
    command = [sys.executable, "-m", "sigflow", "watch", "--times", "1", spec, capture]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0
    assert "absent" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unchanged_reading(tmp_path: Path) -> None:
    spec, capture = tmp_path / "mine.ksy", tmp_path / "x.bin"
    spec.write_text(SPEC)
    capture.write_bytes(frame(1, b"one"))
    command = [sys.executable, "-m", "sigflow", "watch", "--times", "2", str(spec), str(capture)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines_until(process.stdout, "  mine:")
        time.sleep(0.05)
        save(spec, SPEC + "# a comment\n")
        assert "no frame changed" in process.stdout.read()
        assert process.wait(10) == 0


def test_sarif(tmp_path: Path) -> None:
    spec = tmp_path / "mine.ksy"
    spec.write_text(SPEC.replace("size: length", "size: lenght"))
    command = [sys.executable, "-m", "sigflow", "lint", str(spec), "--format", "sarif"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    log = json.loads(done.stdout)
    assert log["version"] == "2.1.0"
    run = log["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == sorted(
        {entry["ruleId"] for entry in run["results"]}
    )
    result = next(entry for entry in run["results"] if entry["ruleId"] == "SF203")
    assert result["level"] == "error"
    assert "did you mean 'length'" in result["message"]["text"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 8, "startColumn": 22}


def test_a_spec_cannot_import_what_was_not_allowed(tmp_path: Path) -> None:
    spec, capture = tmp_path / "mine.ksy", tmp_path / "x.bin"
    spec.write_text("meta: {id: mine, ks-opaque-types: true}\nseq: [{id: a, type: antigravity}]\n")
    capture.write_bytes(b"abc")
    command = [sys.executable, "-m", "sigflow", "validate", str(capture), "-s", str(spec)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "needs the Python module 'antigravity', which would run code" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_process_of_your_own_is_compiled_but_not_run_unasked(tmp_path: Path) -> None:
    spec, capture = tmp_path / "mine.ksy", tmp_path / "x.bin"
    spec.write_text("meta: {id: mine}\nseq: [{id: a, size: 1, process: antigravity.fly(3)}]\n")
    capture.write_bytes(b"abc")
    for words, status in (
        (["compile", str(spec), "-o", str(tmp_path)], 0),
        (["validate", str(capture), "-s", str(spec)], 1),
    ):
        command = [sys.executable, "-m", "sigflow", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == status
        assert "--allow-import antigravity.fly allows it" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert ("error: the spec is not loaded" in done.stderr) == (status == 1)
    assert "own_process(antigravity.Fly, (3,), " in (tmp_path / "mine.py").read_text(encoding="utf-8")
