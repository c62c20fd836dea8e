"""What the README says that its commands print is what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    (["validate", "samples/valid_telemetry.sgf"], 0),
    (["validate", "samples/malformed_frame.sgf"], 3),
]


def run(arguments: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
    return subprocess.run(
        [sys.executable, "-m", "sigflow", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "shown"), [(*item, text) for item, text in zip(COMMANDS, SHOWN, strict=True)]
)
def test_output_is_as_shown(arguments: list[str], code: int, shown: str) -> None:
    ran = run(arguments)
    assert f"sigflow {' '.join(arguments)}" in README
    # A terminal shows both streams; how they mix is no promise.
    assert sorted((ran.stdout + ran.stderr).splitlines()) == sorted(shown.splitlines())
    assert ran.returncode == code


def test_the_example_format_compiles_and_reads(tmp_path: Path) -> None:
    (spec,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "beacon.ksy").write_text(spec, encoding="utf-8")
    # Two frames: an empty one, and one of the bytes "ab"; CRC-16/MODBUS, little-endian.
    (tmp_path / "pass.bin").write_bytes(bytes.fromhex("a55a00 5b43a55a02 6162 0000"))
    assert run(["lint", "beacon.ksy"], tmp_path).returncode == 0
    ran = run(["validate", "pass.bin", "-s", "beacon.ksy"], tmp_path)
    assert (ran.returncode, "1 frame" in ran.stdout) == (3, True), ran.stdout
    assert run(["compile", "beacon.ksy", "-o", "parsers/"], tmp_path).returncode == 0
    assert (tmp_path / "parsers" / "beacon.py").is_file()
