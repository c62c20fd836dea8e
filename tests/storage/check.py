"""The one check that every kind of storage passes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from sigflow.errors import UsageError
from sigflow.storage import Storage

CONTENT = bytes(range(256)) * 41 + b"the end"


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Within, this process may not read everything, even where the tests run as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(user)


def check_storage(make: Callable[[bytes], Storage]) -> None:
    """`make(content)` opens a new storage of that content."""
    for content in (b"", b"\0", CONTENT):
        size = len(content)
        for chunk_size in (1, 7, 4096, size + 1):
            for start in {0, 1, size // 2, size, size + 5}:
                if chunk_size == 1 and start:
                    continue
                with make(content) as storage:
                    chunks = list(storage.chunks(chunk_size, start))
                assert b"".join(chunks) == content[start:]
                assert all(1 <= len(chunk) <= chunk_size for chunk in chunks)
                assert all(type(chunk) is bytes for chunk in chunks)
        with make(content) as storage:
            assert isinstance(storage, Storage)
            assert storage.name
            assert storage.size in (None, size)
            for start, stop in (
                (0, 0),
                (0, 5),
                (3, 3),
                (1, size),
                (size - 1 if size else 0, size + 9),
                (size + 2, size + 4),
            ):
                assert storage.read(start, stop) == content[start:stop], (start, stop)
            # Reading the head takes nothing away.
            assert b"".join(storage.chunks(4096)) == content
            if storage.repeatable:
                assert b"".join(storage.chunks(1000)) == content
                assert storage.read(0, 4) == content[:4]
            else:
                with pytest.raises(UsageError, match="once only"):
                    storage.chunks()
                with pytest.raises(UsageError, match="once only"):
                    storage.read(0, 1)
        storage.close()  # a second time
