"""A folder while it is filled: it takes its name when all that is in it is whole, or never.

It stands beside its place under a name that nothing else has, and is locked.  What a killed process left is recognised
by its name and by nobody holding its lock, and removed by the next that fills the same folder.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil

from sigflow.errors import UsageError
from sigflow.storage.disk import ENDING, MARK, Disk, drafted, folder_of, forget, lock


class FolderDraft:
    """A folder that becomes `name`.  Leaving the context removes what was not placed.  State: whether it has
    its name yet, and the lock."""

    def __init__(self, name: str) -> None:
        """Raises `UsageError` where there is a folder of this name that holds something, or a file."""
        if not name:
            raise UsageError("the output has no name")
        self.name = os.path.realpath(name)
        if os.path.lexists(self.name) and not (os.path.isdir(self.name) and not os.listdir(self.name)):
            raise UsageError(f"{name}: is there already, and no empty folder")
        stem = os.path.join(folder_of(self.name), os.path.basename(self.name)[:100] + MARK)
        self._clear(stem)
        self.path = f"{stem}{secrets.token_hex(8)}{ENDING}"
        drafted(self.path)
        try:
            os.mkdir(self.path)
        except OSError as error:
            forget(self.path)
            raise OSError(error.errno, error.strerror, name) from error
        self._open = True
        self._descriptor = _opened(self.path)
        if self._descriptor is not None:
            lock(self._descriptor)

    @staticmethod
    def _clear(stem: str) -> None:
        """Remove what killed processes left."""
        folder, begin = os.path.split(stem)
        wanted = re.compile(re.escape(begin) + "[0-9a-f]{16}" + re.escape(ENDING))
        with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
            rests = [entry.path for entry in entries if wanted.fullmatch(entry.name) and entry.is_dir()]
            for path in rests:
                descriptor = _opened(path)
                if descriptor is None:
                    continue
                try:
                    if lock(descriptor):
                        shutil.rmtree(path, ignore_errors=True)
                finally:
                    os.close(descriptor)

    def place(self, disk: Disk) -> None:
        """Give the folder its name."""
        disk.sync_folder(self.path)
        disk.rename(self.path, self.name)
        disk.sync_folder(folder_of(self.name))
        self._close()

    def _close(self) -> None:
        self._open = False
        forget(self.path)
        if self._descriptor is not None:
            os.close(self._descriptor)

    def __enter__(self) -> FolderDraft:
        return self

    def __exit__(self, *error: object) -> None:
        if self._open:
            shutil.rmtree(self.path, ignore_errors=True)
            self._close()


def _opened(path: str) -> int | None:
    """A descriptor of a folder, to lock it; None where there is no such thing."""
    try:
        return os.open(path, os.O_RDONLY)
    except OSError:
        return None
