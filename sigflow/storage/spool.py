"""What can be read once only, or not at an offset, copied to a file without a name: then it can be read like any file.

A pipe and a compressed capture are such.  The file is gone when the storage is closed, however the process ends.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from sigflow.storage.base import DEFAULT_CHUNK, Storage
from sigflow.storage.compressed import tolerant
from sigflow.storage.file import FileStorage


@contextmanager
def seekable(storage: Storage, folder: str | None = None) -> Iterator[Storage]:
    """The storage itself where it can be read at any offset, as often as needed; else a copy of it in `folder`.

    Of a compressed capture that is damaged the copy has what could be read; the storage keeps the fault.
    """
    if storage.repeatable and storage.size is not None:
        yield storage
        return
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for chunk in tolerant(storage.chunks(DEFAULT_CHUNK)):
            view = memoryview(chunk)
            while view:
                view = view[file.write(view) :]
        with FileStorage(os.dup(file.fileno()), storage.name) as copy:
            yield copy
