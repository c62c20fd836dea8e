"""The one check that every kind of storage passes, `sigflow.testing.check_storage`, and what it needs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from sigflow.errors import UsageError
from sigflow.storage import Storage
from sigflow.testing import check_storage as shared

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
    """`make(content)` opens a new storage of that content, which keeps to the contract of all."""
    with make(CONTENT) as storage:
        repeatable = storage.repeatable
    shared(make, reads_again=repeatable, contents=(b"", b"\0", CONTENT))
    if repeatable:
        return
    with make(CONTENT) as storage:
        assert b"".join(storage.chunks(4096)) == CONTENT
        with pytest.raises(UsageError, match="once only"):
            storage.chunks()
        with pytest.raises(UsageError, match="once only"):
            storage.read(0, 1)
