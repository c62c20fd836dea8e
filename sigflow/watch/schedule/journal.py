"""The journal of a schedule: a line of JSON for each thing that happened, on the disk before the next.

Rules.  Lines are only ever appended.  A line that a killed process or a power cut left torn is cut off when the journal
is opened; one process has it at a time.  A journal of more than 8 MiB becomes NAME.1, which replaces an older one, and
the new one begins with the last line of each job.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from sigflow.columns.plain_json import dumps
from sigflow.errors import SigflowError, UsageError
from sigflow.storage.disk import DISK, Disk, folder_of, lock

#: Bytes from which on a new one is begun.
LARGEST = 8 << 20
#: The longest line that is read.
LONGEST = 1 << 20
#: What settles the times of a job up to there: a restart tells what is later.
SETTLED = ("planned", "started", "missed", "overlapped")

Line = Mapping[str, Any]


def text_of(moment: datetime) -> str:
    """A time as it is written."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def time_of(text: object) -> datetime | None:
    """The other way round; None of what is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def lines_of(path: str) -> Iterator[dict[str, Any]]:
    """The lines of a journal, as far as they can be read; none where there is no journal."""
    if not os.path.exists(path):
        return
    with open(path, "rb") as file:
        while line := file.readline(LONGEST):
            if not line.endswith(b"\n"):
                return
            try:
                tree = json.loads(line)
            except ValueError:
                continue
            if isinstance(tree, dict):
                yield tree


class Journal:
    """State: the file; by job, up to when its times are settled, its last line, and the run that has not ended."""

    def __init__(self, path: str, *, disk: Disk = DISK, largest: int = LARGEST) -> None:
        """Raises `SigflowError` where another process has it, `UsageError` where the file is no journal, `OSError`."""
        self.path = path
        self.settled: dict[str, datetime] = {}
        #: When a run began that nobody saw the end of.
        self.open: dict[str, datetime] = {}
        self._last: dict[str, Line] = {}
        self._disk = disk
        self._largest = largest
        self._lock = Lock()
        self._descriptor = disk.open(path)
        try:
            if lock(self._descriptor) is False:
                raise SigflowError(f"{path}: another process runs this schedule")
            self._read()
        except BaseException:
            os.close(self._descriptor)
            raise

    def _read(self) -> None:
        size = os.fstat(self._descriptor).st_size
        if size:
            with open(self.path, "rb") as file:
                begin = file.read(1)
                if begin != b"{":
                    raise UsageError(f"{self.path}: this is no journal of a schedule")
                file.seek(max(size - LONGEST, 0))
                rest = file.read()
            whole = size - len(rest) + rest.rfind(b"\n") + 1
            if whole < size:
                self._disk.cut(self._descriptor, whole)
        os.lseek(self._descriptor, 0, os.SEEK_END)
        for line in lines_of(self.path):
            self._took(line)

    def _took(self, line: Line) -> None:
        name, what = line.get("job"), line.get("what")
        if not isinstance(name, str):
            return
        self._last[name] = line
        until = time_of(line.get("last", line.get("due", line.get("time"))))
        if what in SETTLED and until is not None:
            self.settled[name] = max(until, self.settled.get(name, until))
        if what == "started" and until is not None:
            self.open[name] = until
        elif what in ("ended", "failed", "stopped", "interrupted"):
            self.open.pop(name, None)

    def write(self, line: Line) -> None:
        """Append one, and wait until it is on the disk.  Raises `OSError`."""
        data = dumps(line).encode() + b"\n"
        with self._lock:
            if os.fstat(self._descriptor).st_size + len(data) > self._largest:
                self._renew()
            self._append(data)
            self._took(line)

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._disk.write(self._descriptor, view) :]
        self._disk.sync(self._descriptor)

    def _renew(self) -> None:
        self._disk.rename(self.path, f"{self.path}.1")
        descriptor = self._disk.open(self.path)
        lock(descriptor)
        os.close(self._descriptor)
        self._descriptor = descriptor
        settled = [
            {"time": line.get("time"), "job": name, "what": "missed", "last": text_of(self.settled[name]), "count": 0}
            for name, line in self._last.items()
            if name in self.settled
        ]
        for line in (*settled, *self._last.values()):
            self._append(dumps(line).encode() + b"\n")
        self._disk.sync_folder(folder_of(self.path))

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)
