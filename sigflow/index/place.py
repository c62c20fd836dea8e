"""Where an index is kept: a file, or an object behind a URL.

An index behind a URL is copied to a file here to be read, and written to one before it is put there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sigflow import storage
from sigflow.errors import UsageError
from sigflow.index.file import Index
from sigflow.storage.base import path_of_url


def _here(path: str) -> str | None:
    """The path of a file; None where it is behind a URL."""
    return path_of_url(path) if storage.is_url(path) else path


def index_of(path: str) -> Index:
    """The index of this path or URL, opened.  Raises what `Index` raises."""
    local = _here(path)
    if local is not None:
        return Index(local)
    from sigflow.storage import remote

    with remote.fetched(path) as file:
        index = Index(file)  # (open, it needs no name)
        index.path = path
        return index


def bytes_of(path: str) -> int:
    """How many bytes the index of this path or URL has."""
    local = _here(path)
    if local is not None:
        return os.path.getsize(local)
    with storage.open(path) as opened:
        return opened.size or 0


def remove(path: str) -> None:
    """Remove the index of this path or URL."""
    local = _here(path)
    if local is not None:
        os.remove(local)
        return
    from sigflow.storage import remote

    remote.remove(path)


@contextmanager
def written(path: str) -> Iterator[str]:
    """The path of the file to which an index for this path or URL is written.

    Raises `UsageError` where it cannot be put there.
    """
    local = _here(path)
    if local is not None:
        yield local
        return
    from sigflow.storage import remote

    try:
        with remote.put(path) as file:
            yield file
    except (UsageError, PermissionError) as error:
        reason = f"{path}: {error.strerror}" if isinstance(error, PermissionError) else str(error)
        raise UsageError(f"{reason}; `--index PATH` says where the index is kept instead") from error
