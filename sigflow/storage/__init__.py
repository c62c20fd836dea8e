"""Recorded streams: one interface over files, memory, mapped files, compressed files, pipes and objects behind URLs.

`open` chooses by what the source is; nothing is read before it is asked for.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from sigflow.storage.base import DEFAULT_CHUNK, Storage, is_url, path_of_url

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
    from sigflow.storage import remote

    return remote.is_there(path)


def _of_path(path: str, mmap: bool) -> Storage:
    if path == STANDARD_INPUT:
        return _of_descriptor(0, path, mmap, owned=False)
    if is_url(path):
        local = path_of_url(path)
        if local is not None:
            return _of_path(local, mmap)
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
