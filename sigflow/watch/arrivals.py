"""A folder in which captures arrive: each is taken once it is whole, and moved with what was made of it.

Rules.  A capture has arrived when its size and its times have stayed as they are for a while.  What is made of it is
made in a folder of its own, `.sigflow` in the watched one; then it is put where the capture will be, then the capture
itself, by renaming, and each folder is synced.  So a capture is in one place at any moment, and where a process is
killed, it is either still there to be taken, and what was made of it is made again, or it is done.  The verdict is put
there first, so that what else lies there without one is not of a killed process.  A name that is taken, by a capture or
by anything that would be replaced, gets a number.  One process watches a folder at a time.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sigflow.errors import SigflowError, UsageError
from sigflow.storage.base import Closing
from sigflow.storage.disk import DISK, ENDING, Disk, lock

#: Where what is being made lies, and the file that is locked.
WORK, LOCK = ".sigflow", "lock"
DONE, DAMAGED = "done", "damaged"
#: What the verdict is called behind the name of the capture; each capture that was taken has one beside it.
VERDICT = ".verdict.json"
#: What names of files end in that are not whole yet, or no captures.
UNFINISHED = (ENDING, ".tmp", ".partial", ".filepart", ".crdownload")
OTHERS = (".sigidx", ".ksy", ".py", ".yaml", ".yml")

Status = tuple[int, int, int, int]


class Product(NamedTuple):
    """What was made of a capture.  path: where it is; suffix: what its name has behind that of the capture."""

    path: str
    suffix: str


def status_of(path: str) -> Status | None:
    """What a file is now; None of what is no plain file, or gone."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


class Arrivals(Closing):
    """State: what each file was when it was last seen to change, and when that was; files that are left alone."""

    def __init__(
        self,
        folder: str,
        stable: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        disk: Disk = DISK,
    ) -> None:
        """stable: seconds for which a file must stay as it is.

        Raises `UsageError` where there is no such folder, `SigflowError` where another process watches it, `OSError`.
        """
        if not os.path.isdir(folder):
            raise UsageError(f"{folder}: there is no such folder")
        self.folder = folder
        self.stable = stable
        self._clock = clock
        self._disk = disk
        self._seen: dict[str, tuple[Status, float]] = {}
        self._left: dict[str, Status] = {}
        self.work = os.path.join(folder, WORK)
        if os.path.islink(self.work):  # (what is in it is removed)
            raise UsageError(f"{self.work}: this is a link, and a folder is wanted")
        for path in (self.work, os.path.join(folder, DONE), os.path.join(folder, DAMAGED)):
            os.makedirs(path, exist_ok=True)
        self._lock = disk.open(os.path.join(self.work, LOCK))
        if lock(self._lock) is False:
            os.close(self._lock)
            raise SigflowError(f"{folder}: another process watches this folder")
        self.clear()

    def clear(self) -> None:
        """Remove what was made and not put anywhere, as a killed process leaves it."""
        for entry in os.scandir(self.work):
            if entry.name != LOCK:
                shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.remove(entry.path)

    # ---------------------------------------------------------------- what is there

    def _names(self) -> Iterator[tuple[str, Status]]:
        for entry in os.scandir(self.folder):
            name = entry.name
            if name.startswith(".") or name.endswith(UNFINISHED) or name.endswith(OTHERS):
                continue
            status = status_of(entry.path)
            if status is not None and self._left.get(name) != status:
                yield name, status

    def arrived(self) -> list[str]:
        """The captures that have stayed as they are for long enough, the oldest first."""
        now = self._clock()
        seen = {}
        arrived = []
        for name, status in self._names():
            before = self._seen.get(name)
            since = before[1] if before is not None and before[0] == status else now
            seen[name] = status, since
            if now - since >= self.stable:
                arrived.append((status[3], name))
        self._seen = seen
        return [name for _, name in sorted(arrived)]

    @property
    def waits(self) -> bool:
        """Whether there is a capture that may still be growing, as of the last look."""
        now = self._clock()
        return any(now - since < self.stable for _, since in self._seen.values())

    def path(self, name: str) -> str:
        """Where a capture is."""
        return os.path.join(self.folder, name)

    def changed(self, name: str) -> bool:
        """Whether a capture is not what it was when it had arrived; it will arrive once more."""
        return status_of(self.path(name)) != self._seen[name][0]

    def leave(self, name: str) -> None:
        """Leave a file alone until it changes."""
        status = status_of(self.path(name))
        if status is not None:
            self._left[name] = status

    # ---------------------------------------------------------------- where it goes

    def free(self, name: str, to: str, suffixes: Sequence[str]) -> str:
        """The name, or where there is a capture of that name already, or something else that a product would replace,
        one with a number.
        """
        stem, suffix = os.path.splitext(name)
        number, candidate = 1, name
        while any(self._there(place, candidate) for place in (DONE, DAMAGED)) or any(
            self._there(to, candidate + made)
            # (A killed process has put the verdict there first.  What has a verdict itself is a capture.)
            and (not self._there(to, candidate + VERDICT) or self._there(to, candidate + made + VERDICT))
            for made in suffixes
        ):
            number += 1
            candidate = f"{stem}-{number}{suffix}"
        return candidate

    def _there(self, place: str, name: str) -> bool:
        return os.path.lexists(os.path.join(self.folder, place, name))

    def place(self, name: str, to: str, products: Sequence[Product]) -> str:
        """Put what was made, and then the capture, into `DONE` or `DAMAGED`; gives the new path of the capture.

        Raises `OSError`.
        """
        target = os.path.join(self.folder, to)
        new = os.path.join(target, self.free(name, to, [product.suffix for product in products]))
        for product in sorted(products, key=lambda product: product.suffix != VERDICT):
            self._disk.rename(product.path, new + product.suffix)
        self._disk.sync_folder(target)
        self._disk.rename(self.path(name), new)
        self._disk.sync_folder(target)
        self._disk.sync_folder(self.folder)
        self._seen.pop(name, None)
        return new

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._lock)
