"""A folder for what a target writes, which goes with the process."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

#: Where it lies: in memory, if the machine shows that as a folder.
WRITABLE = "/dev/shm" if Path("/dev/shm").is_dir() else None
_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@cache
def folder() -> Path:
    """A folder of this process."""
    made = tempfile.TemporaryDirectory(prefix="sigflow-fuzz-", dir=WRITABLE)
    _KEPT.append(made)
    return Path(made.name)
