"""Where a command's result goes when it is not stdout: a file that is there whole, or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO, TextIO

from sigflow.errors import UsageError
from sigflow.storage import STANDARD_INPUT
from sigflow.storage.compressed import kind_of
from sigflow.storage.disk import DISK, Draft, Identity, folder_of, identity


class Nothing(Exception):
    """Raised inside `written`: there is no result, so no file; whatever has the name stays."""


def identities(captures: Sequence[str]) -> list[Identity]:
    """Which files the captures are, whatever their paths; standard input may be one."""
    found = []
    for capture in captures:
        if capture == STANDARD_INPUT:
            status = os.fstat(0)
            found.append((status.st_dev, status.st_ino))
        elif (each := identity(capture)) is not None:
            found.append(each)
    return found


def target(output: str, capture: str, *, several: bool = False) -> str:
    """The file that a capture's result goes to: `output`, or the file of the capture's name in that folder.

    `UsageError` where several captures would go to one file, or the name says that the file is compressed.
    """
    if os.path.isdir(output):
        if capture == STANDARD_INPUT:
            raise UsageError(f"{output}: is a folder, and what comes from standard input has no name; name a file")
        name = os.path.basename(capture)
        return os.path.join(output, name.removesuffix(kind_of(name) or ""))
    if several:
        raise UsageError(f"{output}: several captures need a folder for their outputs")
    ending = kind_of(output)
    if ending is not None:
        raise UsageError(f"{output}: what is written is not compressed, so its name must not end in {ending}")
    return output


def guarded(output: str, captures: Sequence[str]) -> None:
    """`UsageError` where the output is one of the captures, by whatever path, or is no plain file."""
    taken = identity(output)
    if taken is not None and taken in identities(captures):
        raise UsageError(f"{output}: the output would overwrite the capture")
    if taken is not None and not stat.S_ISREG(os.stat(output).st_mode):
        raise UsageError(f"{output}: is no plain file, so it could not be read back")


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
    taken = identity(path)
    if taken is not None and taken in identities(captures):
        raise UsageError(f"{path}: the output would overwrite the capture")
    if taken is not None and not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "wb") as file:
            yield file
        return
    with Draft(path, spared=identities(captures)) as draft:
        try:
            with os.fdopen(os.dup(draft.descriptor), "wb") as file:
                yield file
        except Nothing:
            return
        draft.sync()  # so that the name never stands for less than the whole, whatever happens next
        draft.place()
    DISK.sync_folder(folder_of(path))
