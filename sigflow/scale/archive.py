"""Archiving captures: a smaller form takes a capture's place once it was read back and is equal, and never before.

Rules.  The archive is written as a draft, put on the disk, read back and compared with the capture, and given its name;
then the name is put on the disk, and only then the capture is removed, if it is still the file that was read.  Whenever
that is interrupted, the capture is there, or the archive, or both.  Where both are there, the archive is compared again
before anything is removed; one that is of something else is never written over, and then the capture stays.

What equal means.  `zstd`: the bytes.  `parquet`: the rows, each value of each column, as the capture gives them; the
verdict, which stands in the metadata of the file; and what is in no row, which stands in a second file, every byte at
its offset: rows and stretches together cover each byte of the capture once.  What a row does not show of its frame (a
terminator, say) is not kept, so of Parquet the capture cannot be had back byte for byte.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from sigflow.errors import CodecError, SigflowError, UsageError
from sigflow.frozen import frozen
from sigflow.storage.compressed import CompressedStorage
from sigflow.storage.disk import DISK, Disk, FileDraft, folder_of, lock
from sigflow.storage.file import FileStorage
from sigflow.storage.session import layout

if TYPE_CHECKING:
    from sigflow.storage.disk import Identity

#: Bytes read at once.
BLOCK = 1 << 20
#: What the compressed form of a capture is called, behind its name.
PACKED = ".zst"
#: Of zstandard: as small as it gets at some 100 MB a second.
LEVEL = 6


@frozen
class Archived:
    """What became of a capture.  bytes, archive_bytes: of the files that were removed, and of those in their place."""

    capture: str
    archives: tuple[str, ...]
    bytes: int
    archive_bytes: int


class Watched:
    """A capture that must stay what it is until its archive is there.  Raises `OSError` where it cannot be read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.status = os.stat(path)

    @property
    def identity(self) -> Identity:
        """Which file it is."""
        return self.status.st_dev, self.status.st_ino

    def check(self) -> None:
        """Raises `SigflowError` where it was changed meanwhile."""
        now = os.stat(self.path)
        told = ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
        if any(getattr(now, name) != getattr(self.status, name) for name in told):
            raise SigflowError(f"{self.path}: it was changed while it was archived, and stays")

    def remove(self, disk: Disk) -> None:
        """Remove it, and its index."""
        self.check()
        disk.remove(self.path)
        with suppress(FileNotFoundError):
            disk.remove(f"{self.path}.sigidx")
        disk.sync_folder(folder_of(self.path))


def placed(draft: FileDraft, capture: Watched) -> None:
    """Give a draft that was read back its name, with the permissions and the times of the capture."""
    status = capture.status
    with suppress(PermissionError):
        os.chown(draft.path, status.st_uid, status.st_gid)
    shutil.copystat(capture.path, draft.path)
    draft.sync()
    draft.place()
    draft.sync_name()


# ---------------------------------------------------------------- zstd


def packed(path: str, disk: Disk = DISK) -> Archived:
    """Put `PATH.zst` in the place of a file.

    Raises `UsageError` where zstandard is not installed, `SigflowError` where the file was changed meanwhile, or
    another one has the name, `OSError` where something cannot be read or written.
    """
    capture = Watched(path)
    target = path + PACKED
    if not os.path.lexists(target):
        with FileDraft(target, disk=disk, spared=[capture.identity]) as draft:
            _pack(capture, draft.write)
            draft.sync()
            _compare(capture, draft.path)
            placed(draft, capture)
    else:
        _compare(capture, target)
    capture.remove(disk)
    return Archived(path, (target,), capture.status.st_size, os.stat(target).st_size)


def _pack(capture: Watched, write: Callable[[bytes], object]) -> None:
    try:
        import zstandard
    except ImportError as error:
        raise UsageError("--to zstd needs zstandard: pip install 'sigflow[compression]'") from error
    size = capture.status.st_size
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compressobj(size=size)
    read = 0
    with open(capture.path, "rb") as file:
        while read < size and (data := file.read(min(BLOCK, size - read))):
            read += len(data)
            write(compressor.compress(data))
    if read < size:
        raise SigflowError(f"{capture.path}: it was cut while it was archived, and stays")
    write(compressor.flush())


def _compare(capture: Watched, archive: str) -> None:
    """Raises `SigflowError` where an archive does not hold the bytes of the capture, and no others."""
    try:
        with _reader(archive) as inner, open(capture.path, "rb") as file:
            same = all(file.read(len(chunk)) == chunk for chunk in inner.chunks()) and not file.read(1)
    except CodecError:
        same = False
    if not same:
        raise SigflowError(f"{archive}: it does not hold what is in {capture.path}, which stays")


def _reader(archive: str) -> CompressedStorage:
    """An archive as every command reads it."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    return CompressedStorage(FileStorage(os.open(archive, flags), archive), PACKED)


# ---------------------------------------------------------------- sessions


def packed_session(folder: str, disk: Disk = DISK) -> Archived:
    """Compress the raw capture of a session, segment by segment; it stays a session, which every command reads.

    Raises what `packed` raises, and `SigflowError` where somebody acquires into it.
    """
    descriptor = disk.open(os.path.join(folder, layout.LOCK))
    try:
        if lock(descriptor) is False:
            raise SigflowError(f"{folder}: somebody acquires into this session")
        done = [packed(path, disk) for path in unpacked_segments(folder)]
    finally:
        os.close(descriptor)
    archives = tuple(archive for part in done for archive in part.archives)
    return Archived(folder, archives, sum(part.bytes for part in done), sum(part.archive_bytes for part in done))


def unpacked_segments(folder: str) -> list[str]:
    """The files of the segments of a session that are not archived."""
    paths = [layout.segment(stream, number) for stream in layout.streams(folder) for number in layout.segments(stream)]
    return [path for path in paths if os.path.isfile(path)]
