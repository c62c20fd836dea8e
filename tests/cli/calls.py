"""Calling the command line: in this process where that suffices, in one of its own where it does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.cli.transcript import ROOT, environment

SAMPLES = ROOT / "samples"


class Called(NamedTuple):
    """What a call came to."""

    code: int
    out: str
    err: str


Call = Callable[..., Called]


def process(folder: Path, *arguments: str, input: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """`sigflow` as a process of its own."""
    command = [sys.executable, "-m", "sigflow", *arguments]
    return subprocess.run(command, input=input, capture_output=True, env=environment(folder), timeout=60, check=False)
