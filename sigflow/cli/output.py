"""Where a command's result goes when it is not stdout: a file that is there whole, or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO, TextIO

from sigflow.errors import UsageError


class Nothing(Exception):
    """Raised inside `written`: there is no result, so no file; whatever has the name stays."""


@contextlib.contextmanager
def written(path: str, captures: Sequence[str]) -> Iterator[TextIO]:
    """A file to write text to.  It takes its name only when it is complete; a pipe or device is written to as it is.

    Raises `UsageError` where the output is one of the captures, `OSError` where it cannot be written.
    """
    with written_bytes(path, captures) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        yield text
        text.flush()
        text.detach()


@contextlib.contextmanager
def written_bytes(path: str, captures: Sequence[str]) -> Iterator[BinaryIO]:
    """The same for bytes."""
    for capture in captures:
        if os.path.exists(path) and os.path.exists(capture) and os.path.samefile(path, capture):
            raise UsageError(f"{path}: the output would overwrite the capture")
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "wb") as file:
            yield file
        return
    partial = f"{path}.part"
    try:
        with open(partial, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # so that the name never stands for less than the whole, whatever happens next
        os.replace(partial, path)
    except BaseException as error:
        with contextlib.suppress(FileNotFoundError):
            os.remove(partial)
        if not isinstance(error, Nothing):
            raise
