"""What the rows of an audit say, in all and in windows of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sigflow.watch.audit.rows import DROP, FRAMES, GAP, LOSS, NOTE, Row

#: Nanoseconds by the name of a window.
WINDOWS = {"second": 10**9, "minute": 60 * 10**9, "hour": 3600 * 10**9}
#: What rows can be told apart by.
KEYS = ("stream", "format", "kind", "device")
#: What is added up, and of which rows.
SUMS = ("frames", "bytes", "gaps", "gap_bytes", "checksum_failures", "drops", "dropped_bytes", "lost", "notes")


def report(rows: Iterable[Row], by: Sequence[str], window: str | None) -> list[dict[str, Any]]:
    """The sums of rows with the same keys, in the same window; in the order in which these first come.

    by: of `KEYS`.  window: of `WINDOWS`, None for all together; a row without a time is in a window of its own.
    """
    length = WINDOWS[window] if window is not None else None
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        start = None if length is None or row.time_ns is None else row.time_ns // length * length
        key = (start, *(getattr(row, name) for name in by))
        entry = sums.get(key)
        if entry is None:
            told = {"window_ns": start} if window is not None else {}
            entry = sums[key] = {**told, **dict(zip(by, key[1:], strict=True)), **dict.fromkeys(SUMS, 0)}
        _add(entry, row)
    return list(sums.values())


def _add(entry: dict[str, Any], row: Row) -> None:
    if row.what == FRAMES:
        entry["frames"] += row.frames
        entry["bytes"] += row.length
    elif row.what == GAP:
        entry["gaps"] += 1
        entry["gap_bytes"] += row.length
        entry["checksum_failures"] += row.frames
    elif row.what == DROP:
        entry["drops"] += 1
        entry["dropped_bytes"] += row.length
    elif row.what == LOSS:
        entry["lost"] += row.frames
    elif row.what == NOTE:
        entry["notes"] += 1
