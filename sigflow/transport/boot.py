"""Which boot of which machine the monotonic clock counts from, so that stamps of two sessions can be told apart."""

from __future__ import annotations

import functools
import time
from pathlib import Path

_LINUX = Path("/proc/sys/kernel/random/boot_id")


@functools.cache
def boot_id() -> str:
    """The system's id of this boot; where it has none, the second in which the monotonic clock was 0."""
    try:
        return _LINUX.read_text(encoding="ascii").strip()
    except OSError:
        return f"{(time.time_ns() - time.monotonic_ns()) // 10**9:x}"
