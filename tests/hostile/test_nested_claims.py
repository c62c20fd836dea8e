"""Headers in a row that each claim a frame of 16 MiB: memory is bounded by the largest frame, not by the file."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

CLAIM = 16 << 20
#: Runs a command, and says with what it ended and how much memory it took at most, in KiB.
SCRIPT = """\
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells that memory in KiB")


def peak(path: Path) -> int:
    """Bytes of memory that the verdict on a capture takes at most."""
    arguments = ["validate", str(path), "--spec", "sgf1", "--engine", "native", "--quiet"]
    command = [sys.executable, "-c", SCRIPT, sys.executable, "-m", "sigflow", *arguments]
    code, kibibytes = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert code == 3  # damaged
    return kibibytes << 10


@ON_LINUX
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    small, nested = tmp_path / "small.sgf", tmp_path / "nested.sgf"
    small.write_bytes(bytes(1000))
    with nested.open("wb") as file:
        for sequence in range(0, 40 << 20, 64):
            header = struct.pack(">4sBBIQII", b"SGF1", 1, 0, 1, sequence, CLAIM - 26, 0)
            file.write(header.ljust(64, b"\0"))
    assert peak(nested) - peak(small) <= 2 * CLAIM + (64 << 20)
