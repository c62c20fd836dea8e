"""Each program of `examples/` runs as a reader would run it, and does what its head says."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sigflow

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py"))
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]), "PYTHONUTF8": "1"}
GOOD, DAMAGED = (str(ROOT / "samples" / name) for name in ("valid_telemetry.sgf", "malformed_frame.sgf"))


def run(folder: Path, name: str, *arguments: str) -> list[str]:
    """The lines that the program prints; it ends well and complains of nothing."""
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    ran = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=120)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    return ran.stdout.splitlines()


def test_read_capture(tmp_path: Path) -> None:
    lines = run(tmp_path, "read_capture.py", DAMAGED)
    assert lines[:1] == ["[0, 44): frame 1 of stream 7, 18 bytes"]
    assert lines[3:5] == ["[132, 176): no frame (sgf1:checksum, no-marker)", "lost: 1 of stream 7"]
    assert lines[-1] == "damaged: 44 of 308 bytes are in no frame"
    assert run(tmp_path, "read_capture.py", GOOD)[-1] == "sound"


def test_live_socket(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "live_socket.py"), "--serve", GOOD]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            lines = run(tmp_path, "live_socket.py", "127.0.0.1", port)
            assert server.wait(60) == 0
        finally:
            server.kill()
    with sigflow.open(GOOD, "sgf1") as recording:
        assert lines == [
            f"stream {frame.value.stream_id}, frame {frame.value.sequence}: {frame.value.payload!r}"
            for frame in recording
        ]
    assert len(lines) == 24


def test_write_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `arrow` is not installed")
    assert run(tmp_path, "write_parquet.py", GOOD, "out.parquet") == ["24 frames, 14 columns"]
    with sigflow.open(GOOD, "sgf1") as recording:
        assert parquet.read_table(tmp_path / "out.parquet").equals(recording.to_arrow())


def test_own_checksum(tmp_path: Path) -> None:
    assert run(tmp_path, "own_checksum.py") == [
        "03610162 is b'aaab'",
        "[9, 16): own_checksum:checksum, no-marker",
        "052d is b'-----'",
    ]


def test_recover_capture(tmp_path: Path) -> None:
    assert run(tmp_path, "recover_capture.py", DAMAGED, "good.sgf", "rest") == ["264 bytes in good frames, 44 apart"]
    data = Path(DAMAGED).read_bytes()
    assert (tmp_path / "good.sgf").read_bytes() == data[:132] + data[176:]
    (apart,) = (tmp_path / "rest").iterdir()
    assert (apart.name, apart.read_bytes()) == ("00000132-sgf1-checksum.bin", data[132:176])


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_is_tested_explained_and_listed(name: str) -> None:
    assert f"test_{name.removesuffix('.py')}" in globals()
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    head = ast.get_docstring(ast.parse(text)) or ""
    assert f"python examples/{name}" in head
    assert f"[`{name}`]({name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
    # An example uses what is public, and nothing else of sigflow.
    assert not re.search(r"^\s*(from sigflow|import sigflow\.)", text, re.MULTILINE)
    assert {*re.findall(r"\bsigflow\.(\w+)", text.replace(head, ""))} <= {*sigflow.__all__}
    assert "](examples/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
