"""Recorded streams: one interface over files, memory, mapped files, compressed files, pipes and objects behind URLs.

`open` chooses by what the source is; nothing is read before it is asked for.  Schemes of URLs and endings of names that
packages and programs bring are opened by them (`others`).
"""

from __future__ import annotations

import os
import stat
import sys
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

from sigflow.storage.base import COMPRESSED, DEFAULT_CHUNK, REGISTRY, STORES, Storage, is_url, path_of_url

if TYPE_CHECKING:
    from sigflow.storage.file import FileStorage

__all__ = ["DEFAULT_CHUNK", "Storage", "is_file", "is_url", "open"]

#: The source that means standard input, and the name it is reported by.
STANDARD_INPUT = "-"


def open(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Storage, *, mmap: bool = False
) -> Storage:
    """The storage of a path (`-`: standard input; the folder of a session with one stream), of a URL, of bytes, of a
    binary file object, or the storage itself.

    mmap: map a regular file instead of reading it.  Raises `OSError` where the file cannot be opened, `UsageError`
    where a compressed file or a URL needs an extra that is not installed, `TypeError` for anything else.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        from sigflow.storage.memory import MemoryStorage

        return MemoryStorage(source)
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        return _of_path(path if isinstance(path, str) else os.fsdecode(path), mmap)
    if isinstance(source, Storage) and not isinstance(source, type):
        return source
    from sigflow.storage.object import of_object

    return of_object(source)


def is_file(path: str) -> bool:
    """Whether there is a file of this path, or an object of this URL."""
    local = path_of_url(path) if is_url(path) else path
    if local is not None:
        return os.path.isfile(local)
    if _named(path) is not None:
        return False  # they are read only, and nothing of ours lies beside them
    from sigflow.storage import remote

    return remote.is_there(path)


def _named(path: str) -> str | None:
    """Under which name a package or a program opens this path, or URL; None where it is opened here."""
    if is_url(path):
        name = path.partition("://")[0].lower()
    else:
        name = os.path.splitext(path)[1].lower()
        # (every file has an ending, and it takes long to look for packages)
        if not name or name in COMPRESSED or not (name in REGISTRY or _are_brought()):
            return None
    return name if name not in STORES and (name in REGISTRY or name in REGISTRY.offers) else None


@cache
def _are_brought() -> bool:
    """Whether any package on the path says that it brings storages; in a millisecond or two."""
    for folder in sys.path:
        try:
            with os.scandir(folder or ".") as entries:
                packages = [entry.path for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue  # (no folder: an archive, or nothing at all)
        for package in packages:
            try:
                descriptor = os.open(os.path.join(package, "entry_points.txt"), os.O_RDONLY)
            except OSError:
                continue  # it brings nothing
            try:
                if REGISTRY.group.encode() in os.read(descriptor, 1 << 20):
                    return True
            finally:
                os.close(descriptor)
    return False


def _of_path(path: str, mmap: bool) -> Storage:
    if path == STANDARD_INPUT:
        return _of_descriptor(0, path, mmap, owned=False)
    if is_url(path):
        local = path_of_url(path)
        if local is not None:
            return _of_path(local, mmap)
    name = _named(path)
    if name is not None:
        from sigflow.storage import others

        return others.opened(name, path)
    if is_url(path):
        from sigflow.storage.remote import of_url

        return of_url(path)
    if os.path.isdir(path):
        from sigflow.storage.session.opening import open_stream

        stream = open_stream(path)
        if stream is not None:
            return stream
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags)
    try:
        return _of_descriptor(descriptor, path, mmap, owned=True)
    except BaseException:
        try:
            os.close(descriptor)
        except OSError:
            pass  # the storage that failed had closed it
        raise


def _of_descriptor(descriptor: int, name: str, mmap: bool, *, owned: bool) -> Storage:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(21, "Is a directory", name)
    if not (stat.S_ISREG(mode) and owned):
        from sigflow.storage.pipe import PipeStorage

        return PipeStorage(descriptor, name, owned=owned)
    from sigflow.storage.compressed import CompressedStorage, kind_of
    from sigflow.storage.file import FileStorage

    suffix = kind_of(name)
    if suffix is not None:
        inner: FileStorage = FileStorage(descriptor, name)
        return CompressedStorage(inner, suffix)
    if mmap:
        from sigflow.storage.mapped import MappedStorage

        return MappedStorage(descriptor, name)
    return FileStorage(descriptor, name)
