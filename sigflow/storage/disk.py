"""Writing that survives a crash: a file takes its name when it is whole and on the disk, or never.

Rules.  What is written goes to a draft beside its place; the draft is synced, then renamed, then the folder is synced.
A draft is locked while it is written, so that two processes cannot write one; what a killed process leaves is taken
over by the next that writes under the same name.  All calls that change the disk go through a `Disk`, so that tests can
put one in its place that fails.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Self

from sigflow.errors import UsageError

flock: Callable[[int, int], None] | None
try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # not everywhere; then two processes that write one file are not kept apart
    flock = None

#: What a draft's name ends in.
ENDING = ".part"
#: Bytes that are collected before they are written.
BUFFER = 1 << 20

#: What a file is, whatever its path: device and number.
Identity = tuple[int, int]


class Disk:
    """The calls that change the disk."""

    def open(self, path: str) -> int:
        """A descriptor of the file, made where it is missing, for reading and writing."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        return os.open(path, flags, 0o666)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        """Write at the end of what is there; returns how many bytes, which may be fewer."""
        return os.write(descriptor, data)

    def truncate(self, descriptor: int) -> None:
        """Make the file empty, and go on at its start."""
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)

    def sync(self, descriptor: int) -> None:
        """Wait until what was written is on the disk."""
        os.fsync(descriptor)

    def sync_folder(self, path: str) -> None:
        """Wait until the names in a folder are on the disk."""
        if os.name == "nt":
            return  # has no such call
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: str, target: str) -> None:
        """Give a file another name; what had it is gone."""
        os.replace(source, target)

    def remove(self, path: str) -> None:
        """Remove a file."""
        os.remove(path)


#: The real one.
DISK = Disk()


def identity(path: str) -> Identity | None:
    """Which file a path leads to, over all links; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Draft:
    """A file while it is written, `NAME.part`; it becomes `NAME`, or whatever `place` says, when it is whole.

    Leaving the context discards what was not placed.  State: the descriptor, which holds the lock; bytes that are
    collected; how many there are in all.
    """

    def __init__(self, name: str, *, disk: Disk = DISK, wait: bool = False, spared: Collection[Identity] = ()) -> None:
        """wait: where another process writes this draft, wait until it is done, instead of failing.

        spared: files that must not be written over, whatever name they go by.
        """
        self.name = name
        self.path = name + ENDING
        self.size = 0
        self._disk = disk
        self._buffer = bytearray()
        self._descriptor: int | None = self._opened(wait, spared)

    def _opened(self, wait: bool, spared: Collection[Identity]) -> int:
        while True:
            descriptor = self._disk.open(self.path)
            try:
                status = os.fstat(descriptor)
                if (status.st_dev, status.st_ino) in spared:
                    raise UsageError(f"{self.path}: writing {self.name} would overwrite the capture")
                if not _locked(descriptor, wait):
                    raise UsageError(f"{self.name}: another process is writing it")
                # Whoever held the lock may have placed or removed the file, and ours is another one then.
                if identity(self.path) == (status.st_dev, status.st_ino):
                    self._disk.truncate(descriptor)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    @property
    def descriptor(self) -> int:
        """The open descriptor."""
        if self._descriptor is None:
            raise ValueError(f"{self.path}: this draft is closed")
        return self._descriptor

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self.size += len(data)
        self._buffer += data
        if len(self._buffer) >= BUFFER:
            self.flush()

    def flush(self) -> None:
        """Hand over what is collected."""
        with memoryview(self._buffer) as view:
            at = 0
            while at < len(view):
                written = self._disk.write(self.descriptor, view[at:])
                if not written:
                    raise OSError(errno.EIO, "nothing more can be written", self.path)
                at += written
        self._buffer.clear()

    def clear(self) -> None:
        """Begin anew."""
        self._buffer.clear()
        self._disk.truncate(self.descriptor)
        self.size = 0

    def sync(self) -> None:
        """Hand over what is collected, and wait until all of it is on the disk."""
        self.flush()
        self._disk.sync(self.descriptor)

    def place(self, target: str | None = None) -> None:
        """Give the file its final name.  It must be synced; the folder is synced by `Disk.sync_folder`."""
        self._disk.rename(self.path, self.name if target is None else target)
        self._close()

    def discard(self) -> None:
        """Remove the file, unless it was placed."""
        if self._descriptor is not None:
            try:
                with contextlib.suppress(FileNotFoundError):
                    self._disk.remove(self.path)
            finally:
                self._close()

    def _close(self) -> None:
        descriptor, self._descriptor = self.descriptor, None
        os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.discard()


def _locked(descriptor: int, wait: bool) -> bool:
    """Lock a file for this process; False where another has it.  A file system without locks gives all there are."""
    if flock is None:
        return True
    try:
        flock(descriptor, LOCK_EX if wait else LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOTSUP, errno.ENOLCK, errno.EINVAL):
            raise
    return True


def folder_of(path: str) -> str:
    """The folder that holds the name."""
    return os.path.dirname(path) or "."
