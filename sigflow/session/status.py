"""How an ingestion does: a file in the folder of its session, written each second, and what follows from it.

The file has the counts of each source now, and those of a few seconds ago, so that one look gives rates.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sigflow.errors import UsageError
from sigflow.storage.session import layout
from sigflow.storage.session.following import acquiring

STATUS = "status.json"
#: Seconds that rates and shares are of, about.
WINDOW = 5.0
#: Seconds after which what was last said is of no time that is still now.
STALE = 5.0
#: What is counted, and must be there as whole numbers.
NUMBERS = ("received", "frames", "gap_bytes", "lost", "dropped", "refused", "reconnects")


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source does.

    received, acknowledged, dropped, gap_bytes: bytes since the ingestion began; acknowledged: None where it waits for
    no disk.  frames, lost: frames, and those that the counters miss.  refused: gaps in which a frame failed its
    checksum.  reconnects: how often it was connected to anew.  frames_per_s, bytes_per_s, checksum_failures_percent,
    lost_percent: over the last five seconds; the shares are of the frames that were sent, as far as one can tell.
    frame_age_s, age_s: seconds since the last frame, and the last byte; None where there was none.
    """

    source: str
    received: int
    acknowledged: int | None
    frames: int
    gap_bytes: int
    lost: int
    dropped: int
    refused: int
    reconnects: int
    frames_per_s: float
    bytes_per_s: float
    checksum_failures_percent: float
    lost_percent: float
    frame_age_s: float | None
    age_s: float | None


@dataclass(frozen=True, slots=True)
class HandlerStatus:
    """How a handler does: what became of the events since the ingestion began.

    taken = done + failed + late + dropped + waiting.  off: why it is switched off; "" where it is not.
    """

    handler: str
    taken: int
    done: int
    failed: int
    late: int
    dropped: int
    waiting: int
    off: str


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """How an ingestion does.  running: whether a process acquires into the session now; time_ns: when it last said how
    it does, in nanoseconds since 1970; None where none has.
    """

    running: bool
    time_ns: int | None
    sources: tuple[SourceStatus, ...]
    handlers: tuple[HandlerStatus, ...] = ()


class StatusFile:
    """Writes the file.  State: what was written in the last seconds."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, STATUS)
        self._written: deque[dict[str, Any]] = deque([{"time_ns": time.time_ns(), "sources": []}])

    def write(self, lines: list[dict[str, Any]], handlers: Sequence[dict[str, Any]] = ()) -> None:
        """Replace the file.  It is for those who look on: it need not outlive a power cut."""
        moment = time.time_ns()
        while len(self._written) > 1 and moment - self._written[1]["time_ns"] >= WINDOW * 1e9:
            self._written.popleft()
        now = {"time_ns": moment, "sources": lines}
        with open(self._path + ".part", "w", encoding="utf-8") as file:
            json.dump({**now, "handlers": [*handlers], "before": self._written[0]}, file)
        os.replace(self._path + ".part", self._path)
        self._written.append(now)


def session_status(folder: str | os.PathLike[str]) -> SessionStatus:
    """Returns how the ingestion into a session does, as `sigflow top` shows it, without disturbing it.

    Ages grow by themselves: a source that says nothing is seen to be silent.  Where nobody acquires, or the process
    says nothing any more, rates are 0.  Raises `UsageError` where the folder is no session.
    """
    path = os.fspath(folder)
    if not layout.is_session(path):
        raise UsageError(f"{path}: it is no session")
    running = acquiring(path)
    status = _read(path)
    if status is None:
        return SessionStatus(running, None, ())
    handlers = tuple(HandlerStatus(**line) for line in status["handlers"])
    return SessionStatus(running, status["time_ns"], _judged(status, time.time_ns(), running), handlers)


def _read(folder: str) -> dict[str, Any] | None:
    """What the file says; None where there is none, or none of ours."""
    try:
        with open(os.path.join(folder, STATUS), encoding="utf-8") as file:
            status = json.load(file)
        handlers = status.get("handlers", [])
        if _sound(status) and _sound(status["before"]) and all(map(_sound_handler, handlers)):
            return {**{name: status[name] for name in ("time_ns", "sources", "before")}, "handlers": handlers}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return None


def _sound(status: dict[str, Any]) -> bool:
    return isinstance(status["time_ns"], int) and all(
        isinstance(line["source"], str)
        and all(isinstance(line[name], int) for name in NUMBERS)
        and isinstance(line["acknowledged"], int | None)
        and all(isinstance(line[name], int | float | None) for name in ("age_ms", "frame_age_ms"))
        for line in status["sources"]
    )


def _sound_handler(line: dict[str, Any]) -> bool:
    kinds = {field.name: str if field.name in ("handler", "off") else int for field in fields(HandlerStatus)}
    return line.keys() == kinds.keys() and all(isinstance(line[name], kind) for name, kind in kinds.items())


def _judged(status: dict[str, Any], now_ns: int, running: bool) -> tuple[SourceStatus, ...]:
    """What follows from the counts."""
    before = status["before"]
    old = {line["source"]: line for line in before["sources"]}
    since = (now_ns - status["time_ns"]) / 1e9
    seconds = (status["time_ns"] - before["time_ns"]) / 1e9
    if since > STALE or not running:
        seconds = 0.0
    out = []
    for line in status["sources"]:
        new = {name: line[name] - old.get(line["source"], {}).get(name, 0) for name in NUMBERS}
        sent = new["frames"] + new["refused"]
        ages = [None if line[name] is None else line[name] / 1000 + since for name in ("frame_age_ms", "age_ms")]
        out.append(
            SourceStatus(
                source=line["source"],
                acknowledged=line["acknowledged"],
                **{name: line[name] for name in NUMBERS},
                frames_per_s=new["frames"] / seconds if seconds > 0 else 0.0,
                bytes_per_s=new["received"] / seconds if seconds > 0 else 0.0,
                checksum_failures_percent=100 * new["refused"] / sent if sent > 0 else 0.0,
                lost_percent=100 * new["lost"] / due if (due := new["frames"] + new["lost"]) > 0 else 0.0,
                frame_age_s=ages[0],
                age_s=ages[1],
            )
        )
    return tuple(out)
