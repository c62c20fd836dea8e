"""A disk that loses power: what was not synced is dropped, torn at sectors, or written out of order.

What is written goes to real files, so that it can be read as long as the power is there; beside that it is remembered
which writes the disk was made to keep.  Names that were changed and whose folder was not synced since may be the old
ones, from some change on.  `after` makes the files as they may be found afterwards, in another folder.

The ledger of a session is SQLite's, which writes by itself.  What SQLite promises of a log with `synchronous=FULL` is
taken for granted: a transaction is on the disk when its commit returns, or none of it is.  So `Committed` keeps what
was committed last, and the power may go before a commit and behind it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from sigflow.storage.disk import Disk
from sigflow.storage.session.ledger import Ledger

SECTOR = 512


class PowerCut(Exception):
    """The power is gone."""


@dataclass
class _File:
    """A file: what the disk has for sure, and what was written since, in order: (offset, bytes), or a new size."""

    path: str
    kept: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes] | int] = field(default_factory=list)
    at: int = 0
    size: int = 0
    named: bool = False
    gone: bool = False


class Failing(Disk):
    """Goes out of power at the call of this number.  State: the files by their descriptors, and all of them."""

    def __init__(self, rng: random.Random, out_at: int) -> None:
        self._rng = rng
        self._left = out_at
        self.files: list[_File] = []
        #: Names that were changed: folder, file, its old name, what had the new one.
        self._changed: list[tuple[str, _File, str, _File | None]] = []
        self.ledger: Committed | None = None
        self._open: dict[int, _File] = {}

    def _call(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise PowerCut

    def create(self, path: str, mode: int) -> int:
        self._call()
        descriptor = super().create(path, mode)
        self._open[descriptor] = _File(path)
        self.files.append(self._open[descriptor])
        return descriptor

    def open(self, path: str) -> int:
        self._call()
        descriptor = super().open(path)
        file = self._at(path)
        if file is None:
            file = _File(path)
            self.files.append(file)
        self._open[descriptor] = file
        return descriptor

    def _at(self, path: str) -> _File | None:
        return next((file for file in self.files if file.path == path and not file.gone), None)

    def rename(self, source: str, target: str) -> None:
        self._call()
        file, other = self._at(source), self._at(target)
        super().rename(source, target)
        assert file is not None
        self._changed.append((os.path.dirname(target), file, source, other))
        file.path = target
        if other is not None:
            other.gone = True

    def remove(self, path: str) -> None:
        self._call()
        file = self._at(path)
        super().remove(path)
        assert file is not None
        self._changed.append((os.path.dirname(path), file, path, None))
        file.gone = True

    def sync(self, descriptor: int) -> None:
        self.sync_data(descriptor)

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        file = self._open[descriptor]
        data = bytes(data)
        if self._left == 0:  # the last thing that is written may be cut
            data = data[: self._rng.randrange(len(data) + 1)]
        file.at = os.lseek(descriptor, 0, os.SEEK_CUR)
        file.since.append((file.at, data))
        file.at += len(data)
        file.size = max(file.size, file.at)
        self._call()
        return os.write(descriptor, data)

    def preallocate(self, descriptor: int, size: int) -> None:
        self._call()
        file = self._open[descriptor]
        file.since.append(max(size, file.size))
        file.size = max(size, file.size)
        super().preallocate(descriptor, size)

    def cut(self, descriptor: int, size: int) -> None:
        self._call()
        file = self._open[descriptor]
        file.since.append(size)
        file.size = size
        super().cut(descriptor, size)

    def sync_data(self, descriptor: int) -> None:
        self._call()
        file = self._open.get(descriptor)
        if file is not None:
            for change in file.since:
                _apply(file.kept, change)
            file.since.clear()

    def sync_folder(self, path: str) -> None:
        self._call()
        for file in self.files:
            if os.path.dirname(file.path) == path:
                file.named = True
        self._changed = [change for change in self._changed if change[0] != path]

    def keep(self, path: Path) -> None:
        """A file that was there before the power came: all of it is on the disk, and its name."""
        content = bytearray(path.read_bytes())
        self.files.append(_File(str(path), content, at=len(content), size=len(content), named=True))

    def after(self, folder: Path, root: Path, rng: random.Random) -> None:
        """The files as they may be found when the power is back.  root: the folder they were written below."""
        for descriptor, file in self._open.items():
            with suppress(OSError):
                # (What was closed in time may have its number from something else now.)
                if os.path.samestat(os.fstat(descriptor), os.stat(file.path)):
                    os.close(descriptor)
        self._open.clear()
        done = rng.randrange(len(self._changed) + 1)
        for _, file, _, _ in self._changed[:done]:
            file.named = True  # (a name that was changed is there, the old one or the new)
        for _, file, name, other in reversed(self._changed[done:]):
            file.path, file.gone = name, False
            if other is not None:
                other.gone = False
        for file in self.files:
            if file.gone:
                continue
            if not file.named and rng.random() < 0.3:
                continue  # its name was not on the disk
            content = bytearray(file.kept)
            changes: list[tuple[int, bytes] | int] = []
            for change in file.since:
                if isinstance(change, int):
                    changes.append(change)
                else:
                    at, data = change
                    first = SECTOR - at % SECTOR
                    bounds = [0, *range(first, len(data), SECTOR), len(data)]
                    changes += [(at + a, data[a:b]) for a, b in pairwise(bounds)]
            how = rng.choice(("none", "all", "some", "some", "prefix"))
            if how == "prefix":
                changes = changes[: rng.randrange(len(changes) + 1)]
            elif how == "some":
                changes = [change for change in changes if rng.random() < 0.5]
                rng.shuffle(changes)
            for change in [] if how == "none" else changes:
                _apply(content, change)
            path = folder / Path(file.path).relative_to(root)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


class Committed(Ledger):
    """A ledger on such a disk.  kept: what is found when the power is back."""

    def __init__(self, folder: Path, disk: Failing) -> None:
        self._disk = disk
        self.kept = b""
        disk.ledger = self
        super().__init__(str(folder), synced=False)

    def transaction(self) -> AbstractContextManager[None]:
        return self._powered()

    @contextmanager
    def _powered(self) -> Iterator[None]:
        with super().transaction():
            yield
            self._disk._call()
        self.kept = self._database.serialize()
        self._disk._call()


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        if change < len(content):
            del content[change:]
        else:
            content.extend(bytes(change - len(content)))
    else:
        at, data = change
        content.extend(bytes(max(at + len(data) - len(content), 0)))
        content[at : at + len(data)] = data
