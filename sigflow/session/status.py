"""How an ingestion does: a file in the folder of its session, written each second; what follows from two of them."""

from __future__ import annotations

import json
import os
import time
from typing import Any

STATUS = "status.json"


def write_status(folder: str, lines: list[dict[str, Any]]) -> None:
    """Replace the status of a session.  It is for those who look on: it need not outlive a power cut."""
    path = os.path.join(folder, STATUS)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump({"time_ns": time.time_ns(), "sources": lines}, file)
    os.replace(path + ".part", path)


def read_status(folder: str) -> dict[str, Any] | None:
    """The status of a session; None where there is none, or none of ours."""
    try:
        with open(os.path.join(folder, STATUS), encoding="utf-8") as file:
            status = json.load(file)
        lines = status["sources"]
        numbers = ("received", "frames", "lost", "dropped", "refused", "reconnects")
        if isinstance(status["time_ns"], int) and all(
            isinstance(line["source"], str) and all(isinstance(line[name], int) for name in numbers) for line in lines
        ):
            return {"time_ns": status["time_ns"], "sources": lines}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


class Rates:
    """What happened between two looks.  State: the status at the last look."""

    def __init__(self) -> None:
        self._before: dict[str, dict[str, Any]] = {}
        self._at = 0

    def lines(self, status: dict[str, Any], now_ns: int | None = None) -> list[dict[str, Any]]:
        """Of each source: `frames_per_s`, `bytes_per_s`, `refused_percent` and `lost_percent` of the frames since the
        last look (since the beginning, at the first), `dropped` bytes, `age_s` of the last byte, `reconnects`.
        """
        now = time.time_ns() if now_ns is None else now_ns
        seconds = (status["time_ns"] - self._at) / 1e9 if self._at else 0.0
        lines = []
        for line in status["sources"]:
            before = self._before.get(line["source"], {})
            new = {name: line[name] - before.get(name, 0) for name in ("received", "frames", "lost", "refused")}
            # (Of those that were sent as far as one can tell.)
            sent = new["frames"] + new["refused"]
            age = line.get("age_ms")
            lines.append(
                {
                    "source": line["source"],
                    "frames_per_s": new["frames"] / seconds if seconds > 0 else 0.0,
                    "bytes_per_s": new["received"] / seconds if seconds > 0 else 0.0,
                    "refused_percent": 100 * new["refused"] / sent if sent else 0.0,
                    "lost_percent": 100 * new["lost"] / (new["frames"] + new["lost"]) if new["frames"] else 0.0,
                    "dropped": line["dropped"],
                    "age_s": None if age is None else age / 1000 + (now - status["time_ns"]) / 1e9,
                    "reconnects": line["reconnects"],
                }
            )
        if status["time_ns"] != self._at:
            self._before = {line["source"]: line for line in status["sources"]}
            self._at = status["time_ns"]
        return lines
