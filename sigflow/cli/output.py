"""Where a command's result goes when it is not stdout: a file that is there whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from typing import TextIO

from sigflow.errors import UsageError


@contextlib.contextmanager
def written(path: str, captures: Sequence[str]) -> Iterator[TextIO]:
    """A file to write to.  It takes its name only when it is complete; a pipe or device is written to as it is.

    Raises `UsageError` where the output is one of the captures, `OSError` where it cannot be written.
    """
    for capture in captures:
        if os.path.exists(path) and os.path.exists(capture) and os.path.samefile(path, capture):
            raise UsageError(f"{path}: the output would overwrite the capture")
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            yield file
        return
    partial = f"{path}.part"
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            yield file
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(partial)
        raise
