"""Writing that survives a crash: a file takes its name when it is whole and on the disk, or never.

Rules.  What is written goes to a draft beside its place; the draft is synced, then renamed, then the folder is synced.
A draft has a name that nothing else can have.  It is locked while it is written, so that two processes cannot write one
file; what a killed process left is recognised by its name and by nobody holding its lock, and removed by the next that
writes the same file.  The file that is replaced gives its permissions, and is replaced only where it may be written.
All calls that change the disk go through a `Disk`, so that tests can put one in its place that fails.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Collection, Iterator
from types import TracebackType
from typing import Self

from sigflow.errors import SigflowError, UsageError

flock: Callable[[int, int], None] | None
try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
except ImportError:  # not everywhere; then two processes that write one file are not kept apart
    flock = None

#: What a draft's name ends in.
ENDING = ".part"
#: What stands before that, behind the name of the file, with random digits: nothing else is called so.
MARK = ".sigflow-"
#: Bytes of a file's name that its draft keeps; names have 255 at most.
LONGEST = 200
#: How often a draft's name is chosen, at most, before that is given up.
TRIES = 100
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

    def create(self, path: str, mode: int) -> int:
        """A descriptor of a new file, for reading and writing; `FileExistsError` where the name is taken."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        return os.open(path, flags, mode)

    def liken(self, path: str, other: str) -> None:
        """Give a file the owner, the permissions and the attributes of another, as far as that is allowed."""
        status = os.stat(other)
        if hasattr(os, "chown"):
            with contextlib.suppress(PermissionError):
                os.chown(path, status.st_uid, status.st_gid)
        shutil.copystat(other, path)
        os.utime(path)

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

    def sync_data(self, descriptor: int) -> None:
        """The same, but for what is known of the file and not needed to read it."""
        getattr(os, "fdatasync", os.fsync)(descriptor)

    def preallocate(self, descriptor: int, size: int) -> None:
        """Have room for so many bytes, where the system can; its size is that, then."""
        if hasattr(os, "posix_fallocate"):
            with contextlib.suppress(OSError):  # not every file system does; a full one is told when it is written
                os.posix_fallocate(descriptor, 0, size)

    def cut(self, descriptor: int, size: int) -> None:
        """Cut a file to its first bytes."""
        os.ftruncate(descriptor, size)

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


#: The drafts of this process that are not placed: who is told to end removes them.
_DRAFTS: set[str] = set()


def remove_drafts() -> None:
    """Remove all drafts of this process, which is about to end; what is written to them is lost."""
    for path in list(_DRAFTS):
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.remove(path)


def drafted(path: str) -> None:
    """There is, or will be, a draft at this path, which who is told to end removes."""
    _DRAFTS.add(path)


def forget(path: str) -> None:
    """It is no draft any more."""
    _DRAFTS.discard(path)


@contextlib.contextmanager
def passing_file() -> Iterator[str]:
    """A path in the folder for temporary files; what is written there is gone at the end, however that comes."""
    path = os.path.join(tempfile.gettempdir(), f"sigflow-{secrets.token_hex(8)}")
    _DRAFTS.add(path)
    try:
        yield path
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
        _DRAFTS.discard(path)


class FileDraft:
    """A file while it is written; it becomes `name`, or whatever `place` says, when it is whole.

    Where `name` is a symbolic link, the file that it leads to is replaced.  Leaving the context discards what was not
    placed.  State: the descriptor, which holds the lock; bytes that are collected; how many there are in all.
    """

    def __init__(
        self,
        name: str,
        *,
        disk: Disk = DISK,
        wait: bool = False,
        alone: bool = True,
        spared: Collection[Identity] = (),
    ) -> None:
        """wait: the draft is `NAME.part`, in a folder that nobody else uses; where another process writes it, wait.

        alone: nobody else may be writing this file, and what a killed process left of it is removed.  spared: files
        that must not be written over, whatever name they go by.  Raises `UsageError` where one of these would be,
        `SigflowError` where another process is writing the file, `OSError` where it may not be written.
        """
        if not name:
            raise UsageError("the output has no name")
        self.name = name
        self.size = 0
        self._disk = disk
        self._buffer = bytearray()
        self._descriptor: int | None = None
        with self._named():
            if wait:
                self.target, self.path = name, name + ENDING
                self._descriptor = self._taken_over()
            else:
                self.target = os.path.realpath(name)
                self._descriptor, self.path = self._made(replaceable(self.target, spared), alone)

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """What the system says of the draft is told of the file."""
        try:
            yield
        except OSError as error:
            if error.errno is None:
                raise
            raise OSError(error.errno, error.strerror, self.name) from error

    def _taken_over(self) -> int:
        while True:
            descriptor = self._disk.open(self.path)
            try:
                status = os.fstat(descriptor)
                lock(descriptor, wait=True)
                # Whoever held the lock may have placed or removed the file, and ours is another one then.
                if identity(self.path) == (status.st_dev, status.st_ino):
                    self._disk.truncate(descriptor)
                    _DRAFTS.add(self.path)
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _made(self, old: os.stat_result | None, alone: bool) -> tuple[int, str]:
        folder, base = os.path.split(self.target)
        stem = os.path.join(folder, os.fsdecode(os.fsencode(base)[:LONGEST]) + MARK)
        for _ in range(TRIES):
            path = f"{stem}{secrets.token_hex(8)}{ENDING}"
            _DRAFTS.add(path)  # before it is there: what ends the process may come at any moment
            try:
                # Nobody may read of it what he may not read of the file.
                descriptor = self._disk.create(path, 0o666 if old is None else 0o600)
            except FileExistsError:
                _DRAFTS.discard(path)
                continue
            try:
                status = os.fstat(descriptor)
                # Who looks for what killed processes left may have been faster than the lock.
                if lock(descriptor) is not False and identity(path) == (status.st_dev, status.st_ino):
                    if alone:
                        _clear_rests(stem, path, self.name, self._disk)
                    if old is not None:
                        self._disk.liken(path, self.target)
                    return descriptor, path
            except BaseException:
                os.close(descriptor)
                with contextlib.suppress(OSError):
                    os.remove(path)
                _DRAFTS.discard(path)
                raise
            os.close(descriptor)
            _DRAFTS.discard(path)
        raise OSError(errno.EEXIST, "no name for a draft is free")

    @property
    def descriptor(self) -> int:
        """The open descriptor."""
        if self._descriptor is None:
            raise ValueError(f"{self.path}: this draft is closed")
        return self._descriptor

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self.size += len(data)
        if len(data) >= BUFFER:
            self.flush()
            self._hand_over(data)
            return
        self._buffer += data
        if len(self._buffer) >= BUFFER:
            self.flush()

    def flush(self) -> None:
        """Hand over what is collected."""
        self._hand_over(self._buffer)
        self._buffer.clear()

    def _hand_over(self, data: bytes | bytearray | memoryview) -> None:
        with self._named(), memoryview(data) as view:
            at = 0
            while at < len(view):
                written = self._disk.write(self.descriptor, view[at:])
                if not written:
                    raise OSError(errno.EIO, "nothing more can be written", self.path)
                at += written

    def clear(self) -> None:
        """Begin anew."""
        self._buffer.clear()
        with self._named():
            self._disk.truncate(self.descriptor)
        self.size = 0

    def sync(self) -> None:
        """Hand over what is collected, and wait until all of it is on the disk."""
        self.flush()
        with self._named():
            self._disk.sync(self.descriptor)

    def place(self, target: str | None = None) -> None:
        """Give the file its final name.  It must be synced; `sync_name` then makes the name last."""
        with self._named():
            self._disk.rename(self.path, self.target if target is None else target)
        self._close()

    def sync_name(self) -> None:
        """Wait until the name is on the disk as well."""
        with self._named():
            self._disk.sync_folder(folder_of(self.target))

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
        _DRAFTS.discard(self.path)
        os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.discard()


def replaceable(path: str, spared: Collection[Identity] = ()) -> os.stat_result | None:
    """The status of the file at a path, None where there is none; an error where it must not be replaced."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    if (status.st_dev, status.st_ino) in spared:
        raise UsageError(f"{path}: would be overwritten, and it is being read")
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    effective = os.access in os.supports_effective_ids
    # Whoever may do everything is held to what the file's owner said of it.
    if not status.st_mode & 0o222 or not os.access(path, os.W_OK, effective_ids=effective):
        raise PermissionError(errno.EACCES, "may not be written, so it is not replaced", path)
    return status


def _clear_rests(stem: str, own: str, name: str, disk: Disk) -> None:
    """Remove the drafts of killed processes; `SigflowError` where one is being written."""
    folder, begin = os.path.split(stem)
    wanted = re.compile(re.escape(begin) + "[0-9a-f]{16}" + re.escape(ENDING))
    rests = []
    with contextlib.suppress(PermissionError), os.scandir(folder) as entries:
        rests = [entry.path for entry in entries if wanted.fullmatch(entry.name) and entry.path != own]
    for path in rests:
        try:
            descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            continue  # gone, or not ours to judge
        try:
            locked = lock(descriptor)
            if locked is False:
                raise SigflowError(f"{name}: another process is writing it")
            if locked and identity(path) == _identity(os.fstat(descriptor)):
                with contextlib.suppress(FileNotFoundError):
                    disk.remove(path)
        finally:
            os.close(descriptor)


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def lock(descriptor: int, *, wait: bool = False) -> bool | None:
    """Lock a file for this process; False where another has it, None where the file system knows no locks."""
    if flock is None:
        return None
    try:
        flock(descriptor, LOCK_EX if wait else LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOTSUP, errno.ENOLCK, errno.EINVAL):
            raise
        return None
    return True


def locked(descriptor: int) -> bool | None:
    """Whether a process has locked a file; None where that cannot be told."""
    if flock is None:
        return None
    try:
        flock(descriptor, LOCK_SH | LOCK_NB)
        flock(descriptor, LOCK_UN)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def folder_of(path: str) -> str:
    """The folder that holds the name."""
    return os.path.dirname(path) or "."
